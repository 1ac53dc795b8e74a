package hudson.model;

import hudson.ExtensionPoint;

/** Simulated. */
public abstract class AdministrativeMonitor implements ExtensionPoint {
    protected AdministrativeMonitor() {}

    public abstract boolean isActivated();

    public String getDisplayName() {
        return "";
    }
}
