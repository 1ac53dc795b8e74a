package hudson.slaves;

import hudson.ExtensionPoint;
import hudson.model.Computer;
import hudson.model.Describable;

/** Signature of {@code hudson.slaves.RetentionStrategy}: the members that the plugin uses. */
public abstract class RetentionStrategy<T extends Computer>
        implements Describable<RetentionStrategy<?>>, ExtensionPoint {
    public abstract long check(T c);

    public boolean isManualLaunchAllowed(T c) {
        throw new UnsupportedOperationException();
    }

    public boolean isAcceptingTasks(T c) {
        throw new UnsupportedOperationException();
    }

    public void start(T c) {
        throw new UnsupportedOperationException();
    }
}
