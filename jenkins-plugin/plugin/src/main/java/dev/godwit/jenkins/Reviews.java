package dev.godwit.jenkins;

import hudson.model.Label;
import hudson.model.Queue;
import hudson.slaves.NodeProvisioner;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import jenkins.model.Jenkins;
import jenkins.util.Timer;
import org.jspecify.annotations.Nullable;

/** Asks Jenkins to look at the queue now instead of at its next 10 s clock. */
final class Reviews {
    /** Jenkins passes over a review that comes within a second of the last. */
    static final Duration AFTER = Duration.ofMillis(1_050);

    private Reviews() {}

    static void now(@Nullable Label label) {
        NodeProvisioner provisioner = label == null ? Jenkins.get().unlabeledNodeProvisioner : label.nodeProvisioner;
        provisioner.suggestReviewNow();
    }

    /** A second after the review that is going on: then nodes that it planned are added. */
    static void soon(@Nullable Label label) {
        var unused = Timer.get().schedule(() -> now(label), AFTER.toMillis(), TimeUnit.MILLISECONDS);
    }

    /** For every label that something in the queue waits for. */
    static void ofQueue() {
        Set<Label> seen = new HashSet<>();
        boolean unlabelled = false;
        for (Queue.BuildableItem item : Queue.getInstance().getBuildableItems()) {
            Label label = item.getAssignedLabel();
            if (label == null) {
                unlabelled = true;
            } else {
                seen.add(label);
            }
        }
        seen.forEach(Reviews::now);
        if (unlabelled) {
            now(null);
        }
    }
}
