package hudson.model;

import hudson.ExtensionPoint;

/** Signature of {@code hudson.model.PeriodicWork}: the members that the plugin uses. */
public abstract class PeriodicWork implements ExtensionPoint {
    public abstract long getRecurrencePeriod();

    public long getInitialDelay() {
        throw new UnsupportedOperationException();
    }
}
