package org.jenkinsci.plugins.workflow.steps;

import java.io.Serializable;

/** Signature of {@code org.jenkinsci.plugins.workflow.steps.BodyExecutionCallback}: the members that the plugin uses. */
public abstract class BodyExecutionCallback implements Serializable {
    public abstract void onSuccess(StepContext context, Object result);

    public abstract void onFailure(StepContext context, Throwable t);

    /** Signature of the nested type. */
    public abstract static class TailCall extends BodyExecutionCallback {
        protected abstract void finished(StepContext context) throws Exception;

        public final void onSuccess(StepContext context, Object result) {
            throw new UnsupportedOperationException();
        }

        public void onFailure(StepContext context, Throwable t) {
            throw new UnsupportedOperationException();
        }
    }
}
