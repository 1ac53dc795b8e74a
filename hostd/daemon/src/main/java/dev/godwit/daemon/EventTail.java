package dev.godwit.daemon;

import dev.godwit.api.Event;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * This host's part of a stream of events. It pulls from the log, so a slow reader holds nobody up; what it was too slow for is
 * told as a gap. Used by one thread.
 */
final class EventTail {
    /** How many events are taken from the log at a time: a reader holds the log's lock for that long. */
    private static final int EVENTS_AT_ONCE = 256;

    /** So old is the position of a reader of one VM at most: it is not told of the others' events that it passes. */
    private static final Duration POSITION_EVERY = Duration.ofMinutes(1);

    private final EventLog log;
    private final String hostId;
    private final Optional<String> vm;
    private final boolean ofAnotherLog;
    private long at;
    private long positionAtNanos;

    /**
     * Begins after a number, or now.
     *
     * @param seen the last number that the reader knows of this host
     * @param vm the id of the VM that it asks about; empty: all
     */
    EventTail(EventLog log, String hostId, OptionalLong seen, Optional<String> vm) {
        this.log = log;
        this.hostId = hostId;
        this.vm = vm;
        long last = log.last();
        // A number beyond the log's end is of a log that is gone (a lost disk, a machine made anew): all of this one is
        // new.
        this.ofAnotherLog = seen.orElse(last) > last;
        this.at = ofAnotherLog ? 0 : seen.orElse(last);
    }

    /** Tells where it begins, and what the log holds by now. */
    void catchUp(EventPart.Sink to) throws InterruptedException {
        if (ofAnotherLog) {
            to.put(EventPart.gap(hostId + "." + log.first()));
        }
        tellPosition(to);
        long end = log.last();
        while (at < end && !log.closed()) {
            send(log.after(at, EVENTS_AT_ONCE, Duration.ZERO), to);
        }
    }

    /** Follows until the log closes. */
    void follow(EventPart.Sink to) throws InterruptedException {
        while (!log.closed()) {
            List<Event> events = log.after(at, EVENTS_AT_ONCE, Sse.HEARTBEAT);
            if (events.isEmpty()) {
                to.alive();
            } else {
                send(events, to);
            }
            if (System.nanoTime() - positionAtNanos > POSITION_EVERY.toNanos()) {
                tellPosition(to);
            }
        }
    }

    private void tellPosition(EventPart.Sink to) throws InterruptedException {
        to.put(EventPart.position(hostId + "." + at));
        positionAtNanos = System.nanoTime();
    }

    private void send(List<Event> events, EventPart.Sink to) throws InterruptedException {
        Event oldest = events.getFirst();
        if (EventLog.number(oldest) > at + 1 && !(ofAnotherLog && at == 0)) {
            to.put(EventPart.gap(oldest.id()));
        }
        for (Event event : events) {
            if (vm.isEmpty() || vm.get().equals(event.vm())) {
                to.put(EventPart.of(event));
            }
            at = EventLog.number(event);
        }
    }
}
