package dev.godwit.jenkins.sim;

import hudson.model.Job;
import hudson.model.Label;
import hudson.model.Queue;

/** The job of one build. */
public final class SimJob extends Job<SimJob, SimBuild> implements Queue.Task {
    private final SimBuild build;

    SimJob(SimBuild build) {
        this.build = build;
    }

    public SimBuild build() {
        return build;
    }

    @Override
    public Label getAssignedLabel() {
        return build.label();
    }

    @Override
    public Queue.Task getOwnerTask() {
        return this;
    }
}
