package org.jenkinsci.plugins.workflow.steps;

import java.util.Collection;

/** Signature of {@code org.jenkinsci.plugins.workflow.steps.BodyInvoker}: the members that the plugin uses. */
public abstract class BodyInvoker {
    public abstract BodyInvoker withContext(Object override);

    public BodyInvoker withContexts(Object... overrides) {
        throw new UnsupportedOperationException();
    }

    public BodyInvoker withContexts(Collection<?> overrides) {
        throw new UnsupportedOperationException();
    }

    public abstract BodyInvoker withCallback(BodyExecutionCallback callback);

    public abstract BodyExecution start();
}
