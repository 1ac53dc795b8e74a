package dev.godwit.move;

import java.util.EnumMap;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;

/**
 * The states of a move, at either end, and the one table of transitions between them (drawn in {@code
 * docs/move-states.md}, which a test holds against this table).
 *
 * <p>Both ends walk the same states, each in its own journal. Where they differ the constant says so.
 */
public enum MoveState {
    /** The target is asked to promise memory, disk and network; a lease is on the promise. */
    RESERVE,
    /** Rounds go to the target while the VM runs at the source. */
    STREAM,
    /** Location maps flip; packets for the VM wait at the target. Source only. */
    SWITCH,
    /** Source: from here on the VM may be paused. Target: everything arrived and is verified and loaded. */
    CUTOVER,
    /** Source: the seal may be with the target, so the target may commit. Target: the compare-and-set may be on its way. */
    COMMIT,
    /** The ownership record names the target, and the VM is to run there. */
    RESUME,
    /** The VM runs at the target; the source still holds its paused copy and forwards late packets. */
    DRAIN,
    /** The source's copy is no longer needed; the source may be shut down. */
    RELEASE,
    /** Cut-over had begun and failed; the source takes the VM back by compare-and-set. Source only. */
    ROLLING_BACK,
    /** The ownership record cannot be read, so nobody runs the VM; it is asked again until it answers. */
    IN_DOUBT,
    /** Terminal: the VM runs at the target and the source has let go of it. */
    DONE,
    /** Terminal: the VM runs at the source; this move can never commit any more. */
    ROLLED_BACK,
    /** Terminal: the owner has no copy that can run. What is left is the source's paused copy or a recovery point. */
    LOST;

    private static final Map<MoveState, Set<MoveState>> NEXT = new EnumMap<>(MoveState.class);

    static {
        allow(RESERVE, STREAM, ROLLED_BACK, LOST);
        allow(STREAM, SWITCH, CUTOVER, ROLLED_BACK, LOST);
        allow(SWITCH, CUTOVER, ROLLED_BACK);
        allow(CUTOVER, COMMIT, ROLLING_BACK, ROLLED_BACK, LOST);
        allow(COMMIT, RESUME, ROLLING_BACK, IN_DOUBT, ROLLED_BACK, LOST);
        allow(ROLLING_BACK, ROLLED_BACK, IN_DOUBT, RESUME, LOST);
        allow(IN_DOUBT, ROLLED_BACK, RESUME, LOST);
        allow(RESUME, DRAIN, LOST);
        allow(DRAIN, RELEASE);
        allow(RELEASE, DONE);
        allow(DONE);
        allow(ROLLED_BACK);
        allow(LOST);
    }

    private static void allow(MoveState from, MoveState... to) {
        Set<MoveState> next = EnumSet.noneOf(MoveState.class);
        next.addAll(Set.of(to));
        NEXT.put(from, next);
    }

    /** The states that may come directly after this one. */
    public Set<MoveState> next() {
        return Set.copyOf(NEXT.getOrDefault(this, Set.of()));
    }

    /** Whether the table allows {@code next} directly after this state. */
    public boolean allows(MoveState next) {
        return NEXT.getOrDefault(this, Set.of()).contains(next);
    }

    /** Whether the move is over. */
    public boolean isTerminal() {
        return this == DONE || this == ROLLED_BACK || this == LOST;
    }
}
