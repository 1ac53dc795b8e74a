package dev.godwit.move;

import java.io.IOException;
import java.time.Duration;

/**
 * The target's hostd as the source reaches it, for one move. Every call names the move id, may be repeated without harm,
 * and ends within the wire's time-out; an {@link IOException} (a time-out is one) says nothing about whether the target
 * did it.
 */
public interface TargetPort {
    /** Asks the target to promise what the VM needs. */
    void reserve(Reservation reservation, PlannedMove planned) throws ReservationRefused, IOException;

    /** Makes the target ready to receive: VMM incoming, volumes open. */
    void prepare(String moveId) throws IOException;

    /**
     * Waits at most {@code atMost} for the outcome; {@link MoveOutcome.NoAnswer} when the target has none yet. Fails within
     * the wire's time-out when the target is silent.
     */
    MoveOutcome awaitOutcome(String moveId, Duration atMost) throws IOException;

    /** Tells the target that the source will never run this VM again. */
    void confirmReleased(String moveId) throws IOException;

    /** Tells the target to give the move up. It does, unless its commit is on its way; then the record decides. */
    void abort(Reservation reservation, String why) throws IOException;
}
