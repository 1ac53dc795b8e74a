package dev.godwit.move;

import java.time.Duration;
import java.time.Instant;

/** Values that the tests share. */
final class Moves {
    static final PlannedMove PLANNED = new PlannedMove(PlannedMove.Mode.PRE_COPY, Duration.ofSeconds(3));

    private Moves() {}

    static Reservation reservation(String moveId) {
        return new Reservation(moveId, "vm1", "host-a", "host-b", 7, "{\"memoryMib\":512}");
    }

    static MoveRecord record(String moveId, MoveSide side) {
        return MoveRecord.begin(reservation(moveId), side, PLANNED, Instant.parse("2026-11-24T10:00:00Z"));
    }
}
