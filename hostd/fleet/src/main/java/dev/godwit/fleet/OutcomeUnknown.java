package dev.godwit.fleet;

import org.jspecify.annotations.Nullable;

/** A write was sent and its answer is missing: it may have happened, or may still happen. Read before acting. */
public final class OutcomeUnknown extends FleetStoreException {
    public OutcomeUnknown(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
