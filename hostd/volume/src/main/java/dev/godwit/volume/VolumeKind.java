package dev.godwit.volume;

/** What a volume holds. */
public enum VolumeKind {
    /** Guest RAM. */
    MEMORY,
    /** A disk of the guest. */
    DISK
}
