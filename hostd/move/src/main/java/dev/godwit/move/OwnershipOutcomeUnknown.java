package dev.godwit.move;

/** The compare-and-set was sent and its answer is missing: it may have happened, or may still happen. */
public final class OwnershipOutcomeUnknown extends Exception {
    public OwnershipOutcomeUnknown(String message, Throwable cause) {
        super(message, cause);
    }

    public OwnershipOutcomeUnknown(String message) {
        super(message);
    }
}
