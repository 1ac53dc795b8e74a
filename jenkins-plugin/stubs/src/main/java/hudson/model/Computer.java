package hudson.model;

import hudson.security.AccessControlled;
import hudson.security.Permission;
import hudson.slaves.OfflineCause;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;

/** Signature of {@code hudson.model.Computer}: the members that the plugin uses. */
public abstract class Computer extends Actionable implements AccessControlled, ExecutorListener {
    protected Computer(Node node) {
        super();
        throw new UnsupportedOperationException();
    }

    public void addAction(Action a) {
        throw new UnsupportedOperationException();
    }

    public OfflineCause getOfflineCause() {
        throw new UnsupportedOperationException();
    }

    public final Future<?> connect(boolean forceReconnect) {
        throw new UnsupportedOperationException();
    }

    public final long getConnectTime() {
        throw new UnsupportedOperationException();
    }

    public Future<?> disconnect(OfflineCause cause) {
        throw new UnsupportedOperationException();
    }

    public String getName() {
        throw new UnsupportedOperationException();
    }

    public Node getNode() {
        throw new UnsupportedOperationException();
    }

    public boolean isOffline() {
        throw new UnsupportedOperationException();
    }

    public final boolean isOnline() {
        throw new UnsupportedOperationException();
    }

    public boolean isLaunchSupported() {
        throw new UnsupportedOperationException();
    }

    public String getDisplayName() {
        throw new UnsupportedOperationException();
    }

    public String getUrl() {
        throw new UnsupportedOperationException();
    }

    public final int countBusy() {
        throw new UnsupportedOperationException();
    }

    public List<Executor> getExecutors() {
        throw new UnsupportedOperationException();
    }

    public List<Executor> getAllExecutors() {
        throw new UnsupportedOperationException();
    }

    public final boolean isIdle() {
        throw new UnsupportedOperationException();
    }

    public final boolean isPartiallyIdle() {
        throw new UnsupportedOperationException();
    }

    public final long getIdleStartMilliseconds() {
        throw new UnsupportedOperationException();
    }

    public static final ExecutorService threadPoolForRemoting = null;

    public boolean isAcceptingTasks() {
        throw new UnsupportedOperationException();
    }

    public static final Permission EXTENDED_READ = null;
}
