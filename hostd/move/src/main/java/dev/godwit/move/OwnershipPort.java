package dev.godwit.move;

import java.util.Optional;

/**
 * The ownership record as a move sees it. Both calls end within the store's time-out. Thread-safe.
 */
public interface OwnershipPort {
    /**
     * Reads the record; linearizable.
     *
     * @return empty if the VM is known to have no record (it was deleted)
     * @throws OwnershipUnreadable the store gave no answer
     */
    Optional<Ownership> read(String vmId) throws OwnershipUnreadable;

    /**
     * One compare-and-set: if the record is {@code expected} it becomes {@code newOwner} with fence + 1.
     *
     * @return the new record
     * @throws OwnershipChanged the record is another one; nothing was written
     * @throws OwnershipOutcomeUnknown the write may or may not have happened, or may still happen
     * @throws OwnershipUnreadable the store was not reached; nothing was or will be written
     */
    Ownership compareAndSet(String vmId, Ownership expected, String newOwner)
            throws OwnershipChanged, OwnershipOutcomeUnknown, OwnershipUnreadable;
}
