package dev.godwit.fleet;

/**
 * What a watch tells.
 *
 * @param record the record as written; of a removed one, the last that this watch knew
 * @param removed whether the VM was deleted
 */
public record OwnershipChange(OwnershipRecord record, boolean removed) {}
