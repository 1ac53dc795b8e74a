package hudson.model.queue;

/** Signature of {@code hudson.model.queue.ScheduleResult}: the members that the plugin uses. */
public abstract class ScheduleResult {
    public final boolean isAccepted() {
        throw new UnsupportedOperationException();
    }
}
