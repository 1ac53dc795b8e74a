package dev.godwit.nbd;

import java.util.Set;

/** What an export lets its clients do, and what may follow. */
public enum ExportMode {
    /** Nobody may ever write, and clients are told so: a check of the file system. */
    READ_ONLY,
    /**
     * The target of a move before COMMIT: the VMM is connected as a writer and reads, but does not run. A write is
     * refused with EPERM and counted: it is a bug.
     */
    BEFORE_COMMIT,
    /** The owner's VMM runs. */
    READ_WRITE,
    /** Another host owns the VM: everything is refused with ESHUTDOWN. */
    FENCED_OFF;

    /** Whether this mode may be followed by {@code next}. */
    public boolean mayBecome(ExportMode next) {
        return switch (this) {
            case READ_ONLY -> next == FENCED_OFF;
            case BEFORE_COMMIT -> Set.of(READ_WRITE, FENCED_OFF).contains(next);
            case READ_WRITE -> next == FENCED_OFF;
            case FENCED_OFF -> false;
        };
    }
}
