package hudson.model;

import hudson.ExtensionPoint;

/** Signature of {@code hudson.model.AdministrativeMonitor}: the members that the plugin uses. */
public abstract class AdministrativeMonitor implements ExtensionPoint {
    protected AdministrativeMonitor() {
        throw new UnsupportedOperationException();
    }

    public String getDisplayName() {
        throw new UnsupportedOperationException();
    }

    public abstract boolean isActivated();
}
