package dev.godwit.jenkins;

import hudson.model.Executor;
import hudson.model.OneOffExecutor;
import hudson.slaves.AbstractCloudComputer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** What runs on a {@link GodwitAgent}, and whether its VM moves. Thread-safe. */
public class GodwitComputer extends AbstractCloudComputer<GodwitAgent> {
    private final Object change = new Object();
    private volatile boolean moving;
    private volatile boolean used;
    private boolean failed;

    GodwitComputer(GodwitAgent agent) {
        super(agent);
    }

    /** Whether its VM is on its way to another host. */
    public boolean isMoving() {
        return moving;
    }

    void setMoving(boolean value) {
        moving = value;
    }

    /** Whether a one-shot agent has had its build. */
    boolean isUsed() {
        return used;
    }

    void markUsed() {
        used = true;
    }

    /** Its agent connected. */
    void connected() {
        synchronized (change) {
            change.notifyAll();
        }
    }

    /** Its VM or its agent's process is gone: nobody needs to wait for a connection. */
    void startFailed() {
        synchronized (change) {
            failed = true;
            change.notifyAll();
        }
    }

    /** Waits until the agent is connected; false when it is not in time, or will never be. */
    boolean awaitConnection(Duration atMost) throws InterruptedException {
        long end = System.nanoTime() + atMost.toNanos();
        synchronized (change) {
            failed = false;
            while (!isOnline() && !failed) {
                long left = end - System.nanoTime();
                if (left <= 0) {
                    return false;
                }
                // Jenkins says that the agent is online before it says so here: a look each second misses nothing.
                change.wait(Math.min(1_000, left / 1_000_000 + 1));
            }
            return !failed;
        }
    }

    /** The executors that are at work, without those of flyweight tasks. */
    List<Executor> busyExecutors() {
        List<Executor> busy = new ArrayList<>();
        for (Executor each : getExecutors()) {
            if (each.isBusy() && !(each instanceof OneOffExecutor)) {
                busy.add(each);
            }
        }
        return busy;
    }
}
