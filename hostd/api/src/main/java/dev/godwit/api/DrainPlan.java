package dev.godwit.api;

import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How a host is emptied; made and answered before anything streams.
 *
 * @param deadline when the host may be gone; null without one
 * @param predictedMillis from now to the last RESUME
 * @param guardMillis what is kept free before the deadline
 * @param steps one a VM, in the order in which they go
 */
public record DrainPlan(
        Instant createdAt, @Nullable Instant deadline, long predictedMillis, long guardMillis, List<DrainStep> steps) {
    public DrainPlan {
        steps = List.copyOf(steps);
    }
}
