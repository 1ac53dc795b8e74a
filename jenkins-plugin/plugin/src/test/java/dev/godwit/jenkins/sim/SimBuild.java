package dev.godwit.jenkins.sim;

import hudson.model.Action;
import hudson.model.Label;
import hudson.model.Queue;
import hudson.model.Run;
import hudson.model.queue.SubTask;
import java.util.ArrayList;
import java.util.List;

/** A build in the queue and on an executor: task, executable and run in one. */
public final class SimBuild extends Run<SimJob, SimBuild> implements Queue.Executable {
    private static int last;

    private final Label label;
    private final long queuedMillis;
    private final SimJob job;
    private final int number = ++last;
    private long startedMillis = -1;
    private long endMillis;

    SimBuild(Label label, long queuedMillis) {
        this.label = label;
        this.queuedMillis = queuedMillis;
        this.job = new SimJob(this);
    }

    public Label label() {
        return label;
    }

    public long queuedMillis() {
        return queuedMillis;
    }

    public long startedMillis() {
        return startedMillis;
    }

    /** How long it takes to end once it is interrupted. */
    public long endMillis() {
        return endMillis;
    }

    public void endsAfter(long millis) {
        endMillis = millis;
    }

    /** An executor takes it. */
    public void begin(long nowMillis) {
        startedMillis = nowMillis;
    }

    @Override
    public SimJob getParent() {
        return job;
    }

    @Override
    public int getNumber() {
        return number;
    }

    @Override
    public String getFullDisplayName() {
        return "job #" + number;
    }

    public List<Action> added() {
        return new ArrayList<>(getActions());
    }

    /** Of both worlds. */
    public SubTask task() {
        return job;
    }

    @Override
    public void run() {}
}
