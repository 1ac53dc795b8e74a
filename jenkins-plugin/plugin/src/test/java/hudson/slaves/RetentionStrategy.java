package hudson.slaves;

import hudson.ExtensionPoint;
import hudson.model.Computer;
import hudson.model.Describable;

/** Simulated. */
public abstract class RetentionStrategy<T extends Computer>
        implements Describable<RetentionStrategy<?>>, ExtensionPoint {
    public abstract long check(T c);

    public boolean isManualLaunchAllowed(T c) {
        return true;
    }

    public boolean isAcceptingTasks(T c) {
        return true;
    }

    public void start(T c) {
        c.connect(false);
    }
}
