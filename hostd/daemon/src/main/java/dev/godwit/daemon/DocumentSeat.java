package dev.godwit.daemon;

import dev.godwit.edge.EdgeSeat;
import dev.godwit.fleet.DocumentConflict;
import dev.godwit.fleet.FleetDocument;
import dev.godwit.fleet.FleetDocuments;
import dev.godwit.fleet.FleetStoreException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import java.util.function.LongSupplier;

/**
 * The seat of the edges as a document of the fleet store. Every renewal is a write, so the document's revision is the
 * holder's sign of life: who wants the seat must have seen one revision stand for the whole time to live, by its own
 * clock. No two clocks are compared. Thread-safe.
 */
final class DocumentSeat implements EdgeSeat {
    /** The document that hosts follow to know the active edge. */
    static final String KIND = "edge-seat";

    static final String NAME = "edge";

    private static final long NOTHING_SEEN = -1;

    private final FleetDocuments documents;
    private final LongSupplier bootNanos;
    private long seenRevision = NOTHING_SEEN;
    private long seenSinceNanos;
    private long ownRevision;

    /** @param bootNanos CLOCK_BOOTTIME */
    DocumentSeat(FleetDocuments documents, LongSupplier bootNanos) {
        this.documents = documents;
        this.bootNanos = bootNanos;
    }

    /**
     * What stands in the document.
     *
     * @param holder host id of the edge that has the seat, or had it last
     * @param left true: the holder has left the seat
     * @param ttlMillis how long it is the holder's from a revision on
     */
    record Seat(String holder, long fence, boolean left, long ttlMillis) {}

    /** Reads the document of a seat. */
    static Seat seat(FleetDocument document) {
        return Json.read(document.json().getBytes(StandardCharsets.UTF_8), Seat.class);
    }

    @Override
    public synchronized Optional<Taken> take(String edgeId, Duration ttl) throws IOException {
        try {
            Optional<FleetDocument> present = documents.read(KIND, NAME);
            if (present.isEmpty()) {
                return write(FleetDocuments.ABSENT, new Seat(edgeId, 1, false, ttl.toMillis()), "");
            }
            FleetDocument document = present.get();
            Seat seat = seat(document);
            if (!isFree(document, seat, edgeId)) {
                return Optional.empty();
            }
            return write(document.revision(), new Seat(edgeId, seat.fence() + 1, false, ttl.toMillis()), seat.holder());
        } catch (FleetStoreException | BadRequest e) {
            throw new IOException("the edges' seat can't be taken: " + e.getMessage(), e);
        }
    }

    private boolean isFree(FleetDocument document, Seat seat, String edgeId) {
        if (seat.left() || seat.holder().equals(edgeId)) {
            return true;
        }
        long now = bootNanos.getAsLong();
        if (document.revision() != seenRevision) {
            seenRevision = document.revision();
            seenSinceNanos = now;
        }
        return now - seenSinceNanos >= Duration.ofMillis(seat.ttlMillis()).toNanos();
    }

    private Optional<Taken> write(long expectedRevision, Seat seat, String previousHolder) throws FleetStoreException {
        try {
            ownRevision =
                    documents.put(KIND, NAME, expectedRevision, Json.line(seat)).revision();
            return Optional.of(new Taken(seat.fence(), previousHolder));
        } catch (DocumentConflict another) {
            return Optional.empty();
        }
    }

    @Override
    public synchronized boolean renew(String edgeId, long fence, Duration ttl) throws IOException {
        try {
            return write(ownRevision, new Seat(edgeId, fence, false, ttl.toMillis()), "")
                            .isPresent()
                    || renewAfterDoubt(edgeId, fence, ttl);
        } catch (FleetStoreException | BadRequest e) {
            throw new IOException("the edges' seat can't be renewed: " + e.getMessage(), e);
        }
    }

    /** An earlier renewal whose answer was missing may have been written. */
    private boolean renewAfterDoubt(String edgeId, long fence, Duration ttl) throws FleetStoreException {
        Optional<FleetDocument> present = documents.read(KIND, NAME);
        if (present.isEmpty()) {
            return false;
        }
        Seat seat = seat(present.get());
        return seat.holder().equals(edgeId)
                && seat.fence() == fence
                && !seat.left()
                && write(present.get().revision(), new Seat(edgeId, fence, false, ttl.toMillis()), "")
                        .isPresent();
    }

    @Override
    public synchronized void leave(String edgeId, long fence) throws IOException {
        try {
            Optional<FleetDocument> present = documents.read(KIND, NAME);
            if (present.isPresent()) {
                Seat seat = seat(present.get());
                if (seat.holder().equals(edgeId) && seat.fence() == fence) {
                    write(present.get().revision(), new Seat(edgeId, fence, true, seat.ttlMillis()), "");
                    ownRevision = FleetDocuments.ABSENT; // a renewal that is under way must not undo it
                }
            }
        } catch (FleetStoreException | BadRequest e) {
            throw new IOException("the edges' seat can't be left: " + e.getMessage(), e);
        }
    }
}
