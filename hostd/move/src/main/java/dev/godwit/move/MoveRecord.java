package dev.godwit.move;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * All that is known of one move at one end.
 *
 * @param history every state it entered, in order, never empty
 * @param fenceAfter the fence of the owner after commit or rollback, once known
 * @param pausedAtNanos CLOCK_MONOTONIC of the source just before it asked for the pause
 * @param resumedAtNanos CLOCK_MONOTONIC of the host that runs the VM, when it ran
 * @param why the sentence that says why it did not go through; empty otherwise
 */
public record MoveRecord(
        Reservation reservation,
        MoveSide side,
        PlannedMove planned,
        List<Transition> history,
        int rounds,
        BytesSent bytes,
        OptionalLong fenceAfter,
        OptionalLong pausedAtNanos,
        OptionalLong resumedAtNanos,
        String why) {
    public MoveRecord {
        history = List.copyOf(history);
        if (history.isEmpty()) {
            throw new IllegalArgumentException("move " + reservation.moveId() + " has entered no state");
        }
        if (rounds < 0) {
            throw new IllegalArgumentException("rounds " + rounds + " is negative");
        }
    }

    static MoveRecord begin(Reservation reservation, MoveSide side, PlannedMove planned, Instant at) {
        return new MoveRecord(
                reservation,
                side,
                planned,
                List.of(new Transition(MoveState.RESERVE, at)),
                0,
                BytesSent.NONE,
                OptionalLong.empty(),
                OptionalLong.empty(),
                OptionalLong.empty(),
                "");
    }

    public String moveId() {
        return reservation.moveId();
    }

    public String vmId() {
        return reservation.vmId();
    }

    /** The state it is in. */
    public MoveState state() {
        return history.getLast().state();
    }

    /** Whether it was ever in that state. */
    public boolean entered(MoveState state) {
        return enteredAt(state).isPresent();
    }

    /** When it first entered that state. */
    public Optional<Instant> enteredAt(MoveState state) {
        return history.stream()
                .filter(t -> t.state() == state)
                .map(Transition::at)
                .findFirst();
    }

    /** From its first state to its newest. */
    public Duration elapsed() {
        return Duration.between(history.getFirst().at(), history.getLast().at());
    }

    MoveRecord enter(MoveState next, Instant at) {
        if (!state().allows(next)) {
            throw new IllegalStateException("move " + moveId() + " of vm " + vmId() + " at its " + side
                    + " cannot go from " + state() + " to " + next);
        }
        List<Transition> longer = new ArrayList<>(history);
        longer.add(new Transition(next, at));
        return new MoveRecord(
                reservation, side, planned, longer, rounds, bytes, fenceAfter, pausedAtNanos, resumedAtNanos, why);
    }

    MoveRecord withStream(int newRounds, BytesSent newBytes) {
        return new MoveRecord(
                reservation,
                side,
                planned,
                history,
                newRounds,
                newBytes,
                fenceAfter,
                pausedAtNanos,
                resumedAtNanos,
                why);
    }

    MoveRecord withPausedAt(long nanos) {
        return new MoveRecord(
                reservation,
                side,
                planned,
                history,
                rounds,
                bytes,
                fenceAfter,
                OptionalLong.of(nanos),
                resumedAtNanos,
                why);
    }

    MoveRecord withRunning(long fence, OptionalLong resumedAt) {
        return new MoveRecord(
                reservation,
                side,
                planned,
                history,
                rounds,
                bytes,
                OptionalLong.of(fence),
                pausedAtNanos,
                resumedAt,
                why);
    }

    MoveRecord withWhy(String sentence) {
        return new MoveRecord(
                reservation,
                side,
                planned,
                history,
                rounds,
                bytes,
                fenceAfter,
                pausedAtNanos,
                resumedAtNanos,
                sentence);
    }
}
