package dev.godwit.jenkins.broker;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A move of an agent's VM that happened, or did not.
 *
 * @param id hostd's id of the move; empty where only its outcome was seen
 * @param from where it began
 * @param to where the VM runs since; equal to {@code from} when it did not move
 * @param pausedMillis how long the guest stood still; null where it was not measured
 * @param failure why it did not happen; null when it did
 */
public record SeenMove(
        String id,
        Instant at,
        String from,
        String to,
        @Nullable Double pausedMillis,
        @Nullable String failure) {}
