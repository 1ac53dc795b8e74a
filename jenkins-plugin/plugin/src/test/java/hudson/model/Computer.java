package hudson.model;

import dev.godwit.jenkins.sim.SimBuild;
import dev.godwit.jenkins.sim.SimJob;
import dev.godwit.jenkins.sim.Simulator;
import hudson.security.AccessControlled;
import hudson.security.Permission;
import hudson.slaves.OfflineCause;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;

/** Simulated: executors exist while they are busy. */
public abstract class Computer extends Actionable implements AccessControlled, ExecutorListener {
    public static final ExecutorService threadPoolForRemoting = new Simulator.Threads();
    public static final Permission EXTENDED_READ = null;

    private final String name;
    private final int executors;
    private final List<Executor> busy = new ArrayList<>();
    private long idleSinceMillis = Simulator.current().nowMillis();
    public final List<Executor> finished = new ArrayList<>();
    public OfflineCause offlineCause;

    protected Computer(Node node) {
        name = node.getNodeName();
        executors = node.getNumExecutors();
    }

    /** An executor takes a build. */
    public void take(SimJob job) {
        SimBuild build = job.build();
        Executor executor = new Executor(this, build);
        busy.add(executor);
        build.begin(Simulator.current().nowMillis());
        taskAccepted(executor, job);
    }

    /** The build is over. */
    public void finish(Executor executor, Throwable problem) {
        if (!busy.contains(executor)) {
            return;
        }
        Queue.Task task = (Queue.Task) executor.getCurrentExecutable().getParent();
        if (problem == null) {
            taskCompleted(executor, task, 0);
        } else {
            taskCompletedWithProblems(executor, task, 0, problem);
        }
        busy.remove(executor);
        finished.add(executor);
        idleSinceMillis = Simulator.current().nowMillis();
    }

    public String getName() {
        return name;
    }

    public int getNumExecutors() {
        return executors;
    }

    public String getDisplayName() {
        return name;
    }

    public abstract Node getNode();

    public abstract boolean online();

    public abstract void check();

    public final boolean isOnline() {
        return online();
    }

    public boolean isOffline() {
        return !online();
    }

    public boolean isAcceptingTasks() {
        return true;
    }

    public final boolean isIdle() {
        return busy.isEmpty();
    }

    public final int countBusy() {
        return busy.size();
    }

    public List<Executor> getExecutors() {
        return List.copyOf(busy);
    }

    public final long getIdleStartMilliseconds() {
        return idleSinceMillis;
    }

    public final Future<?> connect(boolean forceReconnect) {
        return launch(forceReconnect);
    }

    protected abstract Future<?> launch(boolean forceReconnect);

    public Future<?> disconnect(OfflineCause cause) {
        offlineCause = cause;
        return null;
    }

    @Override
    public void checkPermission(Permission permission) {}

    @Override
    public boolean hasPermission(Permission permission) {
        return true;
    }
}
