package hudson.model.queue;

import hudson.ExtensionPoint;
import hudson.model.Queue;

/** Simulated. */
public abstract class QueueListener implements ExtensionPoint {
    public void onEnterBuildable(Queue.BuildableItem bi) {}
}
