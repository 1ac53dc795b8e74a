package dev.godwit.move;

/** The fleet store was not reached; nothing was written by this call. */
public final class OwnershipUnreadable extends Exception {
    public OwnershipUnreadable(String message, Throwable cause) {
        super(message, cause);
    }

    public OwnershipUnreadable(String message) {
        super(message);
    }
}
