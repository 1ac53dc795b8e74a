package dev.godwit.fleet;

import java.util.Optional;

/** The document is not at the expected revision; nothing was written. */
public final class DocumentConflict extends FleetStoreException {
    private final transient Optional<FleetDocument> actual;

    public DocumentConflict(String tried, Optional<FleetDocument> actual) {
        super("cannot " + tried + ": the fleet store "
                + actual.map(a -> "has it at revision " + a.revision()).orElse("does not have it")
                + "; read it, and decide again");
        this.actual = actual;
    }

    /** The document that stands; empty if there is none. */
    public Optional<FleetDocument> actual() {
        return actual;
    }
}
