package dev.godwit.jenkins;

import hudson.model.Executor;
import hudson.model.ExecutorListener;
import hudson.model.OneOffExecutor;
import hudson.model.Queue;
import hudson.slaves.RetentionStrategy;
import java.time.Duration;
import java.time.InstantSource;
import org.jspecify.annotations.Nullable;

/**
 * When a node goes: after its build where it is one-shot, else after a time without one. Never while its VM moves. A node is
 * launched once; Jenkins' own one-shot strategy launches an offline node again each minute.
 */
public class GodwitRetention extends RetentionStrategy<GodwitComputer> implements ExecutorListener {
    private static final long NEXT_CHECK_MINUTES = 1;

    private final int idleMinutes;
    private final boolean oneShot;
    private transient @Nullable InstantSource clock;

    GodwitRetention(int idleMinutes, boolean oneShot) {
        this.idleMinutes = idleMinutes;
        this.oneShot = oneShot;
    }

    public int getIdleMinutes() {
        return idleMinutes;
    }

    public boolean isOneShot() {
        return oneShot;
    }

    /** The simulator's time. */
    void setClock(InstantSource value) {
        clock = value;
    }

    private long now() {
        return (clock == null ? InstantSource.system() : clock).millis();
    }

    @Override
    public void start(GodwitComputer computer) {
        var unused = computer.connect(false);
    }

    /** Called with the queue locked: decides, and lets another thread act. */
    @Override
    public long check(GodwitComputer computer) {
        GodwitAgent agent = computer.getNode();
        if (agent == null || computer.isMoving() || computer.isConnecting() || !computer.isIdle()) {
            return NEXT_CHECK_MINUTES;
        }
        Duration idle = Duration.ofMillis(now() - computer.getIdleStartMilliseconds());
        boolean done = oneShot && computer.isUsed();
        if (done || (idle.compareTo(Duration.ofMinutes(idleMinutes)) > 0 && !SpareAgents.keeps(agent))) {
            agent.terminateLater();
        }
        return NEXT_CHECK_MINUTES;
    }

    @Override
    public boolean isAcceptingTasks(GodwitComputer computer) {
        return !computer.isMoving() && !(oneShot && computer.isUsed());
    }

    @Override
    public boolean isManualLaunchAllowed(GodwitComputer computer) {
        return !computer.isMoving();
    }

    @Override
    public void taskAccepted(Executor executor, Queue.Task task) {
        GodwitMetrics.count(GodwitMetrics.TASKS_ACCEPTED);
    }

    @Override
    public void taskCompleted(Executor executor, Queue.Task task, long durationMillis) {
        completed(executor);
    }

    @Override
    public void taskCompletedWithProblems(Executor executor, Queue.Task task, long durationMillis, Throwable problems) {
        completed(executor);
    }

    private void completed(Executor executor) {
        if (!oneShot
                || executor instanceof OneOffExecutor
                || !(executor.getOwner() instanceof GodwitComputer computer)) {
            return;
        }
        Queue.Executable executable = executor.getCurrentExecutable();
        if (executable != null && Continuation.expected(executable)) {
            return;
        }
        computer.markUsed();
        GodwitAgent agent = computer.getNode();
        boolean last = computer.busyExecutors().stream().allMatch(each -> each == executor);
        if (agent != null && last && !computer.isMoving()) { // else the next check removes it
            agent.terminateLater();
        }
    }
}
