package dev.godwit.guest;

/** The output at the wanted offset was overwritten; {@link #firstKept} is the oldest that is left. */
public final class OffsetGone extends GuestException {
    private static final long serialVersionUID = 1;
    private final long firstKept;

    public OffsetGone(String message, long firstKept) {
        super(message);
        this.firstKept = firstKept;
    }

    public long firstKept() {
        return firstKept;
    }
}
