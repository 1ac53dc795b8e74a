package hudson.model.queue;

import hudson.model.Label;
import hudson.model.Queue;

/** Signature of {@code hudson.model.queue.SubTask}: the members that the plugin uses. */
public interface SubTask {
    default Label getAssignedLabel() {
        throw new UnsupportedOperationException();
    }

    default Queue.Task getOwnerTask() {
        throw new UnsupportedOperationException();
    }
}
