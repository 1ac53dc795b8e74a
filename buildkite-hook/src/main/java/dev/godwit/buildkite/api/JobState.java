package dev.godwit.buildkite.api;

import java.util.Locale;

/** How a job stands. Source: Buildkite's Stacks API, get-states. */
public enum JobState {
    PENDING,
    WAITING,
    WAITING_FAILED,
    BLOCKED,
    BLOCKED_FAILED,
    UNBLOCKED,
    UNBLOCKED_FAILED,
    LIMITING,
    LIMITED,
    SCHEDULED,
    /** By a stack, for some minutes. */
    RESERVED,
    ASSIGNED,
    ACCEPTED,
    RUNNING,
    FINISHED,
    CANCELING,
    CANCELED,
    TIMING_OUT,
    TIMED_OUT,
    SKIPPED,
    BROKEN,
    EXPIRED,
    /** A state that Buildkite has added since. */
    UNKNOWN;

    static JobState of(String text) {
        try {
            return valueOf(text.toUpperCase(Locale.ROOT));
        } catch (IllegalArgumentException added) {
            return UNKNOWN;
        }
    }

    /** Whether nothing runs for it any more, and nothing will. */
    public boolean isOver() {
        return switch (this) {
            case FINISHED, CANCELED, TIMED_OUT, SKIPPED, BROKEN, EXPIRED -> true;
            default -> false;
        };
    }

    /** Whether an agent has taken it. */
    public boolean isTaken() {
        return switch (this) {
            case ASSIGNED, ACCEPTED, RUNNING, CANCELING, TIMING_OUT -> true;
            default -> false;
        };
    }
}
