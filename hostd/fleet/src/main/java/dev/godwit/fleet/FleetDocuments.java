package dev.godwit.fleet;

import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * The small documents of a fleet, each changed by compare-and-set on its revision.
 *
 * <p>Every call ends within the store's time-out. Reads are linearizable. Thread-safe. Kind and name are 1 to 128 letters,
 * digits, {@code .}, {@code _} or {@code -}, beginning with a letter or digit.
 */
public interface FleetDocuments {
    /** The revision to expect of a document that is not there yet. */
    long ABSENT = 0;

    /** Documents are listed whole, and etcd refuses requests above 1.5 MiB. */
    int JSON_BYTES_MOST = 65_536;

    /**
     * Writes a document if it is at the revision expected.
     *
     * @param expectedRevision what was read; {@link #ABSENT} to make a new one
     * @param json JSON, at most {@link #JSON_BYTES_MOST} in UTF-8
     * @return the document as it stands now
     * @throws DocumentConflict it is at another revision, or gone; nothing was written
     * @throws OutcomeUnknown the answer is missing: it may have been written or may yet be. Never retried here; read first
     * @throws FleetStoreUnavailable the store was not reached; nothing was or will be written
     * @throws IllegalArgumentException kind, name or JSON are not as they must be
     */
    FleetDocument put(String kind, String name, long expectedRevision, String json)
            throws DocumentConflict, OutcomeUnknown, FleetStoreUnavailable;

    /**
     * Removes a document if it is at the revision expected.
     *
     * @throws DocumentConflict it is at another revision, or gone already
     */
    void delete(String kind, String name, long expectedRevision)
            throws DocumentConflict, OutcomeUnknown, FleetStoreUnavailable;

    /** A document; empty if there is none. */
    Optional<FleetDocument> read(String kind, String name) throws FleetStoreUnavailable;

    /** All documents of a kind as they stood at one moment, ordered by name. */
    List<FleetDocument> list(String kind) throws FleetStoreUnavailable;

    /**
     * Hears of documents of a kind written after the call returns, by any host, in the order of writing for one document.
     * Best effort: several writes of one may arrive as the last one, a removal and a new one as a change; after a gap in the
     * connection everything is listed again. The consumer is called on one thread of the store and must not block it. Who
     * begins to watch and then lists, misses nothing.
     */
    Watch watch(String kind, Consumer<DocumentChange> consumer) throws FleetStoreUnavailable;
}
