package dev.godwit.move;

import java.time.Duration;
import java.time.Instant;

/** Time as a move sees it. */
public interface MoveClock {
    /** Wall clock, for records. */
    Instant now();

    /** CLOCK_MONOTONIC of this machine. */
    long nanos();

    /** Waits. */
    void sleep(Duration duration) throws InterruptedException;

    /** The machine's own. On Linux {@link System#nanoTime} reads CLOCK_MONOTONIC. */
    static MoveClock system() {
        return new MoveClock() {
            @Override
            public Instant now() {
                return Instant.now();
            }

            @Override
            public long nanos() {
                return System.nanoTime();
            }

            @Override
            public void sleep(Duration duration) throws InterruptedException {
                Thread.sleep(duration);
            }
        };
    }
}
