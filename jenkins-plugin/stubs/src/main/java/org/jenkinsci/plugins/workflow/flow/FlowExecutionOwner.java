package org.jenkinsci.plugins.workflow.flow;

import hudson.model.Queue;
import hudson.model.TaskListener;
import java.io.IOException;
import java.io.Serializable;

/** Signature of {@code org.jenkinsci.plugins.workflow.flow.FlowExecutionOwner}: the members that the plugin uses. */
public abstract class FlowExecutionOwner implements Serializable {
    public TaskListener getListener() throws IOException {
        throw new UnsupportedOperationException();
    }

    /** Signature of the nested type. */
    public interface Executable extends Queue.Executable {
        FlowExecutionOwner asFlowExecutionOwner();
    }
}
