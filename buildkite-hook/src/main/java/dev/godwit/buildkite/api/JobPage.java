package dev.godwit.buildkite.api;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Jobs of a queue, oldest first.
 *
 * @param next where the next page begins; null after the last
 * @param paused whether the queue is: nothing new is to be started then
 */
public record JobPage(List<ScheduledJob> jobs, @Nullable String next, boolean paused) {
    public JobPage {
        jobs = List.copyOf(jobs);
    }
}
