package dev.godwit.lab.outside;

import java.time.Instant;

/** Wall-clock time that runs as evenly as {@link System#nanoTime}: set once from the clock. Thread-safe. */
final class EpochNanos {
    private final long offset;

    EpochNanos() {
        Instant now = Instant.now();
        offset = now.getEpochSecond() * 1_000_000_000L + now.getNano() - System.nanoTime();
    }

    long now() {
        return System.nanoTime() + offset;
    }
}
