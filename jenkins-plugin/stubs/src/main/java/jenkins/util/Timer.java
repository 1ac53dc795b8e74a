package jenkins.util;

import java.util.concurrent.ScheduledExecutorService;

/** Signature of {@code jenkins.util.Timer}: the members that the plugin uses. */
public class Timer {
    public static ScheduledExecutorService get() {
        throw new UnsupportedOperationException();
    }
}
