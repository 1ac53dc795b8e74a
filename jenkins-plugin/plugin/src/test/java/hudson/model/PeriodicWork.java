package hudson.model;

import hudson.ExtensionPoint;

/** Simulated: a test runs it. */
public abstract class PeriodicWork implements ExtensionPoint {
    public abstract long getRecurrencePeriod();
}
