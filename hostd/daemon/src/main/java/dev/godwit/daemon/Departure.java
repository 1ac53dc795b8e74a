package dev.godwit.daemon;

import dev.godwit.policy.Snapshot;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** Whether, and until when, this host is to be left; asked by whoever lets VMs in and by moves on their way. Thread-safe. */
final class Departure {
    private boolean leaving;
    private boolean left;
    private @Nullable Instant goneFrom;
    private @Nullable Instant noticedAt;

    /**
     * The host is to be left; of two deadlines the earlier counts, of two notices the first.
     *
     * @param gone when the host may be gone; null without a deadline
     * @param seenAt the first poll that saw a notice; null for an operator's wish
     * @return whether it was not to be left before
     */
    synchronized boolean begin(@Nullable Instant gone, @Nullable Instant seenAt) {
        if (gone != null && (goneFrom == null || gone.isBefore(goneFrom))) {
            goneFrom = gone;
        }
        if (seenAt != null && noticedAt == null) {
            noticedAt = seenAt;
        }
        boolean begins = !leaving;
        leaving = true;
        left = false;
        return begins;
    }

    /** The evacuation is over: the host is empty, or takes VMs again. The next one has times of its own. */
    synchronized void end(boolean empty) {
        leaving = false;
        left = empty;
        goneFrom = null;
        noticedAt = null;
    }

    /** Whether the host takes no VM: it is being left, or is empty because of that. */
    synchronized boolean takesNone() {
        return leaving || left;
    }

    /** Whether all VMs have left and the host may be shut down. */
    synchronized boolean left() {
        return left;
    }

    /** When the host may be gone; null without a deadline. */
    synchronized @Nullable Instant goneFrom() {
        return goneFrom;
    }

    /** When a VM's move has to be over; null without a deadline. */
    synchronized @Nullable Instant finishBy() {
        return goneFrom == null ? null : goneFrom.minus(Snapshot.GUARD_MIN);
    }

    synchronized @Nullable Instant noticedAt() {
        return noticedAt;
    }
}
