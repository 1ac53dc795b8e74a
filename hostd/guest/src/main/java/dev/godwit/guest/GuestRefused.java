package dev.godwit.guest;

/** guestd answered, and the answer is no. */
public final class GuestRefused extends GuestException {
    private static final long serialVersionUID = 1;

    /** Why guestd refused; the order is guestd's numbers from 1 (native/guestd/channel.h). */
    public enum Reason {
        BAD_REQUEST,
        UNKNOWN_ID,
        CONFLICT,
        OFFSET_GONE,
        OFFSET_AHEAD,
        LIMIT,
        SYSTEM,
        ENDED,
        NO_SESSION,
        STDIN_CLOSED;

        static Reason ofCode(int code) {
            return code >= 1 && code <= values().length ? values()[code - 1] : BAD_REQUEST;
        }
    }

    private final Reason reason;
    private final long value;

    public GuestRefused(Reason reason, long value, String message) {
        super(message);
        this.reason = reason;
        this.value = value;
    }

    public Reason reason() {
        return reason;
    }

    /** The errno for SYSTEM, the first or last offset for OFFSET_*, else a number that the message names. */
    public long value() {
        return value;
    }
}
