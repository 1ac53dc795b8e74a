package dev.godwit.client;

import java.time.Duration;

/**
 * How long a client waits.
 *
 * @param connect for a connection
 * @param answer for an answer that hostd gives from memory, or in a short conversation with a guest
 * @param work for an answer that takes work: making or stopping a VM
 * @param transfer for an answer that takes as long as bytes do: files, images
 * @param silence on a stream, after which its host is taken for dead; hostd sends a heartbeat every 2 s
 * @param retry how long endpoints are tried again when none can be reached
 */
public record Timeouts(
        Duration connect, Duration answer, Duration work, Duration transfer, Duration silence, Duration retry) {
    public Timeouts {
        for (Duration each : new Duration[] {connect, answer, work, transfer, silence}) {
            if (each.toMillis() < 1) {
                throw new IllegalArgumentException("time-out " + each + " is below 1 ms");
            }
        }
        if (retry.isNegative()) {
            throw new IllegalArgumentException("time-out retry " + retry + " is below 0");
        }
    }

    /** What suits a fleet in one data centre. */
    public static Timeouts usual() {
        return new Timeouts(
                Duration.ofSeconds(3),
                Duration.ofSeconds(20),
                Duration.ofMinutes(3),
                Duration.ofMinutes(15),
                Duration.ofSeconds(7),
                Duration.ofSeconds(30));
    }

    /** These with another bound for trying again. */
    public Timeouts withRetry(Duration bound) {
        return new Timeouts(connect, answer, work, transfer, silence, bound);
    }

    /** These with another bound for a stream's silence. */
    public Timeouts withSilence(Duration bound) {
        return new Timeouts(connect, answer, work, transfer, bound, retry);
    }
}
