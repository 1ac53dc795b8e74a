package dev.godwit.net;

/** Seen from the VM. */
public enum Direction {
    /** From the VM. */
    OUT,
    /** To the VM. */
    IN
}
