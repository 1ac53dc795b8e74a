package dev.godwit.buildkite.api;

import java.time.Duration;
import java.util.random.RandomGenerator;

/** How often a request is made and how long is waited in between. */
final class Pauses {
    /** As many as Buildkite's own client makes. */
    static final int ATTEMPTS_MAX = 5;

    private static final Duration FIRST = Duration.ofSeconds(1);
    /** Many stacks that were refused at one moment must not come back at one moment. */
    private static final Duration JITTER_MIN = Duration.ofMillis(500);

    private static final Duration JITTER_MAX = Duration.ofSeconds(1);
    /** An answer that asks for more has gone wrong; jobs wait meanwhile. */
    static final Duration RETRY_AFTER_MAX = Duration.ofMinutes(2);

    /** Waits. */
    @FunctionalInterface
    interface Sleep {
        void sleep(Duration time) throws InterruptedException;
    }

    private final Sleep sleep;
    private final RandomGenerator random;

    Pauses(Sleep sleep, RandomGenerator random) {
        this.sleep = sleep;
        this.random = random;
    }

    /**
     * Waits after an attempt that failed.
     *
     * @param attempt from 1
     * @param asked what the answer asks for; zero where it does not
     */
    void after(int attempt, Duration asked) throws InterruptedException {
        Duration own = FIRST.multipliedBy(1L << (attempt - 1));
        Duration bounded = asked.compareTo(RETRY_AFTER_MAX) > 0 ? RETRY_AFTER_MAX : asked;
        Duration jitter = Duration.ofMillis(random.nextLong(JITTER_MIN.toMillis(), JITTER_MAX.toMillis() + 1));
        sleep.sleep((bounded.compareTo(own) > 0 ? bounded : own).plus(jitter));
    }
}
