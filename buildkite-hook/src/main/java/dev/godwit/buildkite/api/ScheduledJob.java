package dev.godwit.buildkite.api;

import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A job that waits for an agent.
 *
 * @param id a UUID
 * @param priority the higher, the sooner
 * @param rules what its agent must have, each {@code KEY=VALUE}
 * @param scheduledAt null where Buildkite does not say
 * @param pipeline its slug; empty where Buildkite does not say
 * @param build its number; 0 where Buildkite does not say
 */
public record ScheduledJob(
        String id,
        int priority,
        List<String> rules,
        @Nullable Instant scheduledAt,
        String pipeline,
        long build) {
    public ScheduledJob {
        rules = List.copyOf(rules);
    }
}
