package dev.godwit.fleet;

import java.util.Optional;

/** The ownership record is not the expected one; nothing was written. */
public final class OwnershipConflict extends FleetStoreException {
    private final transient Optional<OwnershipRecord> actual;

    public OwnershipConflict(String tried, Optional<OwnershipRecord> actual) {
        super(tried + ": the fleet store says "
                + actual.map(a -> "owner " + a.owner() + " under fence " + a.fence())
                        .orElse("that the vm has no record"));
        this.actual = actual;
    }

    /** The record that stands; empty if there is none. */
    public Optional<OwnershipRecord> actual() {
        return actual;
    }
}
