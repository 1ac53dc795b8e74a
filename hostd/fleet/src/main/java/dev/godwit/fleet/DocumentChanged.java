package dev.godwit.fleet;

import java.util.Optional;

/** A document was not as the caller knew it. Nothing was written. */
public final class DocumentChanged extends FleetStoreException {
    private static final long serialVersionUID = 1L;

    private final transient Optional<Document> present;

    /** @param present as it is; empty: there is none, or it was not read */
    public DocumentChanged(String attempt, Optional<Document> present) {
        super(attempt + ": "
                + present.map(document -> "it has revision " + document.revision() + " now")
                        .orElse("it is gone"));
        this.present = present;
    }

    /** The document as it is. */
    public Optional<Document> present() {
        return present;
    }
}
