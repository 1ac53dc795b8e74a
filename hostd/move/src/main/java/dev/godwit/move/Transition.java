package dev.godwit.move;

import java.time.Instant;

/** A state that a move entered, and when by the wall clock of the host that entered it. */
public record Transition(MoveState state, Instant at) {}
