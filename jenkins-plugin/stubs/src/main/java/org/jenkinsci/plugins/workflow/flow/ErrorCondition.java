package org.jenkinsci.plugins.workflow.flow;

import hudson.ExtensionPoint;
import hudson.model.AbstractDescribableImpl;
import hudson.model.Descriptor;
import java.io.IOException;
import java.io.Serializable;
import org.jenkinsci.plugins.workflow.steps.StepContext;

/** Signature of {@code org.jenkinsci.plugins.workflow.flow.ErrorCondition}: the members that the plugin uses. */
public abstract class ErrorCondition extends AbstractDescribableImpl<ErrorCondition>
        implements ExtensionPoint, Serializable {
    public abstract boolean test(Throwable error, StepContext context) throws IOException, InterruptedException;

    /** Signature of the nested type. */
    public abstract static class ErrorConditionDescriptor extends Descriptor<ErrorCondition> {}
}
