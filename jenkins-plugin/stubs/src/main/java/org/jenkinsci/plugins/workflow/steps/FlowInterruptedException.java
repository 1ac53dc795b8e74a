package org.jenkinsci.plugins.workflow.steps;

import java.util.List;
import jenkins.model.CauseOfInterruption;

/** Signature of {@code org.jenkinsci.plugins.workflow.steps.FlowInterruptedException}: the members that the plugin uses. */
public final class FlowInterruptedException extends InterruptedException {
    public List<CauseOfInterruption> getCauses() {
        throw new UnsupportedOperationException();
    }
}
