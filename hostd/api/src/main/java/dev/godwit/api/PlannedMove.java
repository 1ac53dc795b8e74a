package dev.godwit.api;

/**
 * What was decided before a move streamed anything.
 *
 * @param millis predicted time from RESERVE to RESUME
 */
public record PlannedMove(MoveMode mode, long millis) {
    public PlannedMove {
        Require.notNegative("planned millis", millis);
    }
}
