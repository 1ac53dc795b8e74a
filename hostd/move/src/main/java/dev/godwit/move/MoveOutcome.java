package dev.godwit.move;

/** What the target says of a move's end. */
public sealed interface MoveOutcome {
    /**
     * The target owns the VM and it runs there.
     *
     * @param fence the fence of the target's ownership
     * @param resumedAtNanos the target's CLOCK_MONOTONIC when the VM ran; comparable with the source's only where both
     *     hosts share one kernel
     */
    record Committed(long fence, long resumedAtNanos) implements MoveOutcome {}

    /** The target did not commit and never will for this move id. */
    record Failed(String sentence) implements MoveOutcome {}

    /** The target owns the VM and has no copy that can run. */
    record Lost(String sentence) implements MoveOutcome {}

    /** Not decided, or no answer came in time. A time-out is not an answer: nothing may be concluded from it. */
    record NoAnswer(String sentence) implements MoveOutcome {}
}
