package dev.godwit.fleet;

import java.util.List;
import java.util.Optional;

/**
 * Small texts that hosts share, each changed by compare-and-set of its revision: published ports, the seat of a pair of
 * edges. Not for what changes more than a few times a second. Reads are linearizable. Thread-safe.
 */
public interface Documents {
    /** A longer text is not small. */
    int TEXT_CHARS_MOST = 64 << 10;

    /** The document of a key; empty if there is none. */
    Optional<Document> read(String key) throws FleetStoreUnavailable;

    /** All whose keys begin like this, ordered by key. */
    List<Document> list(String prefix) throws FleetStoreUnavailable;

    /**
     * Writes a document, if it is as the caller knows it.
     *
     * @param expectedRevision of the document that is replaced; 0: there is none
     * @return the document as it stands
     * @throws DocumentChanged it is another one; nothing was written
     * @throws OutcomeUnknown the answer is missing: it may have been written or may yet be; read first
     */
    Document write(String key, long expectedRevision, String text)
            throws DocumentChanged, OutcomeUnknown, FleetStoreUnavailable;

    /**
     * Removes a document, if it is as the caller knows it.
     *
     * @throws DocumentChanged it is another one, or gone; nothing was removed
     */
    void remove(String key, long expectedRevision) throws DocumentChanged, OutcomeUnknown, FleetStoreUnavailable;

    /** Refuses keys and texts that a store can't have. */
    static void require(String key, String text) {
        for (String part : key.split("/", -1)) {
            Names.requireId("part of the document key " + key + ":", part);
        }
        if (text.length() > TEXT_CHARS_MOST) {
            throw new IllegalArgumentException(
                    "document " + key + " has " + text.length() + " characters, most is " + TEXT_CHARS_MOST);
        }
    }
}
