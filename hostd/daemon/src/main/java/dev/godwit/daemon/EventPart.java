package dev.godwit.daemon;

import dev.godwit.api.Event;
import org.jspecify.annotations.Nullable;

/**
 * One message of a stream of events.
 *
 * @param id of an event that a client can resume after; else null
 * @param data JSON
 */
record EventPart(String name, @Nullable String id, String data) {
    static final String EVENT = "event";
    static final String GAP = "gap";
    static final String POSITION = "position";

    /** Events that the client asked for are no longer kept; {@code firstId} is the oldest that is. */
    private record Gap(String firstId) {}

    /** What follows of this host comes after this id. */
    private record Position(String id) {}

    static EventPart of(Event event) {
        return new EventPart(EVENT, event.id(), Json.line(event));
    }

    /** An event that is not from a log. */
    static EventPart unnumbered(Event event) {
        return new EventPart(EVENT, null, Json.line(event));
    }

    static EventPart gap(String firstId) {
        return new EventPart(GAP, null, Json.line(new Gap(firstId)));
    }

    static EventPart position(String id) {
        return new EventPart(POSITION, null, Json.line(new Position(id)));
    }

    /** The id that a position names. */
    String positionId() {
        return Json.read(data, Position.class).id();
    }

    /** The id of the oldest event after a gap. */
    String gapFirstId() {
        return Json.read(data, Gap.class).firstId();
    }

    /** Where a stream's parts go. */
    interface Sink {
        /** Waits while the reader is slow. */
        void put(EventPart part) throws InterruptedException;

        /** Nothing has happened for a while. */
        void alive();
    }
}
