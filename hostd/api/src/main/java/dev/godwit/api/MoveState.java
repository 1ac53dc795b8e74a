package dev.godwit.api;

/** The states of a move: first those of one that goes well, in their order. */
public enum MoveState {
    RESERVE,
    STREAM,
    SWITCH,
    CUTOVER,
    /** The point of no return: the target owns the VM. */
    COMMIT,
    RESUME,
    DRAIN,
    /** The source may be shut down. */
    RELEASE,
    /** Cut-over had begun and failed; the source takes the VM back. */
    ROLLING_BACK,
    /** The ownership record can't be read, so nobody runs the VM until it can. */
    IN_DOUBT,
    /** The end of a move that happened. */
    DONE,
    /** The end of a move that failed before COMMIT: the VM runs on at the source. */
    ROLLED_BACK,
    /** The end of a move after which the owner has no copy that can run. */
    LOST,
    /** The end of a move that the target refused in RESERVE; nothing was sent. */
    REFUSED;

    /** As it stands in JSON: its name, as the design and the records write it. */
    @Override
    public String toString() {
        return name();
    }
}
