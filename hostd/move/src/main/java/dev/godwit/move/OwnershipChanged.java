package dev.godwit.move;

import java.util.Optional;

/** The compare-and-set found another record than the expected one; nothing was written. */
public final class OwnershipChanged extends Exception {
    private final transient Optional<Ownership> actual;

    public OwnershipChanged(String vmId, Ownership expected, Optional<Ownership> actual) {
        super("vm " + vmId + ": expected owner " + expected + ", the fleet store says "
                + actual.map(Ownership::toString).orElse("the vm has no record"));
        this.actual = actual;
    }

    /** The record that stands; empty if there is none. */
    public Optional<Ownership> actual() {
        return actual;
    }
}
