package dev.godwit.jenkins;

import hudson.Extension;
import hudson.model.Label;
import hudson.model.Queue;
import hudson.model.queue.QueueListener;
import hudson.slaves.Cloud;
import jenkins.model.Jenkins;

/** A build that one of our clouds can serve is looked at when it enters the queue. */
@Extension
public class QueueWatch extends QueueListener {
    @Override
    public void onEnterBuildable(Queue.BuildableItem item) {
        Label label = item.getAssignedLabel();
        Cloud.CloudState state = new Cloud.CloudState(label, 0);
        if (Jenkins.get().clouds.getAll(GodwitCloud.class).stream().anyMatch(cloud -> cloud.canProvision(state))) {
            Reviews.now(label);
        }
    }
}
