package hudson.model.queue;

import hudson.ExtensionPoint;
import hudson.model.Queue.BuildableItem;
import hudson.model.Queue.LeftItem;

/** Signature of {@code hudson.model.queue.QueueListener}: the members that the plugin uses. */
public abstract class QueueListener implements ExtensionPoint {
    public void onEnterBuildable(BuildableItem bi) {
        throw new UnsupportedOperationException();
    }

    public void onLeft(LeftItem li) {
        throw new UnsupportedOperationException();
    }
}
