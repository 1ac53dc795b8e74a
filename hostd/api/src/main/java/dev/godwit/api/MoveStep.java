package dev.godwit.api;

/**
 * A move came into a state.
 *
 * @param elapsedMillis since the move began
 */
public record MoveStep(MoveState state, long elapsedMillis) {
    public MoveStep {
        Require.notNegative("elapsedMillis", elapsedMillis);
    }
}
