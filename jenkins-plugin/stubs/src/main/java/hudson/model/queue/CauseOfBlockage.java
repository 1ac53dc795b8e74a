package hudson.model.queue;

/** Signature of {@code hudson.model.queue.CauseOfBlockage}: the members that the plugin uses. */
public abstract class CauseOfBlockage {
    public abstract String getShortDescription();
}
