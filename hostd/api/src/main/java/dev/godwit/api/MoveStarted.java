package dev.godwit.api;

/** The move that was begun. */
public record MoveStarted(String moveId) {
    public MoveStarted {
        Require.reference("move id", moveId);
    }
}
