package dev.godwit.lab;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/** Waits for what has no event, with a bound. */
public final class Patience {
    /** Short against what is waited for (processes that start, files that appear), long against the cost of a look. */
    private static final Duration LOOK_EVERY = Duration.ofMillis(50);

    private Patience() {}

    /**
     * Looks until there is an answer.
     *
     * @param what for the message, e.g. {@code hostd on host-a to answer}
     * @throws LabException if {@code limit} passes first
     */
    public static <T> T waitFor(String what, Duration limit, Supplier<Optional<T>> look) {
        long end = System.nanoTime() + limit.toNanos();
        while (true) {
            Optional<T> answer = look.get();
            if (answer.isPresent()) {
                return answer.get();
            }
            if (System.nanoTime() > end) {
                throw new LabException("waited " + limit.toSeconds() + " s in vain for " + what);
            }
            try {
                TimeUnit.MILLISECONDS.sleep(LOOK_EVERY.toMillis());
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new LabException("interrupted while waiting for " + what, e);
            }
        }
    }

    /** Lets a stretch of time pass in which something must not happen. */
    static void pause(Duration time) throws InterruptedException {
        if (!time.isNegative()) {
            TimeUnit.MILLISECONDS.sleep(time.toMillis());
        }
    }
}
