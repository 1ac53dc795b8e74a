package dev.godwit.move;

/** Which end of a move a host is. */
public enum MoveSide {
    /** The VM runs here when the move begins. */
    SOURCE,
    /** The VM is to run here. */
    TARGET
}
