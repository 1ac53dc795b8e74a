package dev.godwit.jenkins.pipeline;

import dev.godwit.jenkins.BuildLogs;
import hudson.Extension;
import hudson.model.Run;
import hudson.model.TaskListener;
import java.io.IOException;
import java.util.Optional;
import org.jenkinsci.plugins.workflow.flow.FlowExecutionOwner;

/** The log of a pipeline that runs on after a restart of the controller. */
@Extension(optional = true)
public class PipelineLogs extends BuildLogs.Source {
    @Override
    protected Optional<TaskListener> log(Run<?, ?> build) {
        if (!((Object) build instanceof FlowExecutionOwner.Executable pipeline)) {
            return Optional.empty();
        }
        FlowExecutionOwner owner = pipeline.asFlowExecutionOwner();
        try {
            return owner == null ? Optional.empty() : Optional.of(owner.getListener());
        } catch (IOException e) {
            return Optional.empty(); // the build's folder is gone
        }
    }
}
