package hudson.model.queue;

/** Simulated. */
public abstract class ScheduleResult {
    public static ScheduleResult accepted() {
        return new ScheduleResult() {
            @Override
            public boolean isAccepted() {
                return true;
            }
        };
    }

    public boolean isAccepted() {
        return false;
    }
}
