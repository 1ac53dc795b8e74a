package dev.godwit.move;

import java.time.Duration;

/** Hears of each transition once, after it is journalled and before it acts. Must not block: some lie in the blackout. */
@FunctionalInterface
public interface MoveEvents {
    /**
     * A move entered a state.
     *
     * @param record the move as it stands, {@code record.state()} being the state entered
     * @param elapsed since the move's first state on this host
     */
    void entered(MoveRecord record, Duration elapsed);

    /**
     * A move stays in its state for longer than anybody expects; told once for each reason. Must not block.
     *
     * @param sentence what it waits for, and what an operator can do
     */
    default void waits(MoveRecord record, String sentence) {}
}
