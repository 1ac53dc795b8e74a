package dev.godwit.jenkins.pipeline;

import dev.godwit.jenkins.PipelineTemplates;
import hudson.model.TaskListener;
import java.util.Map;
import java.util.UUID;
import org.jenkinsci.plugins.workflow.steps.BodyExecutionCallback;
import org.jenkinsci.plugins.workflow.steps.EnvironmentExpander;
import org.jenkinsci.plugins.workflow.steps.StepContext;
import org.jenkinsci.plugins.workflow.steps.StepExecution;
import org.jspecify.annotations.Nullable;

/** A {@link GodwitTemplateStep} that runs: its agent template is there until its block ends, and again after a restart. */
public class GodwitTemplateExecution extends StepExecution {
    private static final long serialVersionUID = 1L;
    static final String LABEL_VARIABLE = "GODWIT_LABEL";

    private final GodwitTemplateStep step;
    private @Nullable String cloud;
    private @Nullable String label;

    GodwitTemplateExecution(StepContext context, GodwitTemplateStep step) {
        super(context);
        this.step = step;
    }

    @Override
    public boolean start() throws Exception {
        String newLabel = "step-" + UUID.randomUUID();
        String newCloud = step.cloudOrOnly();
        PipelineTemplates.add(newCloud, step.template(newLabel));
        cloud = newCloud;
        label = newLabel;
        TaskListener log = getContext().get(TaskListener.class);
        if (log != null) {
            log.getLogger().println("Godwit: agents with the label " + newLabel + " come from the cloud " + newCloud);
        }
        var unused = getContext()
                .newBodyInvoker()
                .withContext(EnvironmentExpander.merge(
                        getContext().get(EnvironmentExpander.class),
                        EnvironmentExpander.constant(Map.of(LABEL_VARIABLE, newLabel))))
                .withCallback(new Removal(newCloud, newLabel))
                .start();
        return false;
    }

    @Override
    public void onResume() {
        super.onResume();
        String before = label;
        String of = cloud;
        if (before == null || of == null) {
            return;
        }
        try {
            PipelineTemplates.add(of, step.template(before));
        } catch (IllegalArgumentException e) {
            getContext().onFailure(e);
        }
    }

    /** Removes the agent template at the block's end. */
    private static final class Removal extends BodyExecutionCallback.TailCall {
        private static final long serialVersionUID = 1L;

        private final String cloud;
        private final String label;

        Removal(String cloud, String label) {
            this.cloud = cloud;
            this.label = label;
        }

        @Override
        protected void finished(StepContext context) {
            PipelineTemplates.remove(cloud, label);
        }
    }
}
