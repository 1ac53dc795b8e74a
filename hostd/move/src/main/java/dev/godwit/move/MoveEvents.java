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
}
