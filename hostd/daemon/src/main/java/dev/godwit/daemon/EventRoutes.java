package dev.godwit.daemon;

import dev.godwit.api.Event;
import dev.godwit.api.EventType;
import dev.godwit.api.VmState;
import io.helidon.http.HeaderNames;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.io.IOException;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * {@code GET /v1/events}. {@code Last-Event-ID} (or {@code ?after=}) holds the last id seen of each host, separated by
 * commas. With one of this host the stream goes on after it; with only others' it gives this host's whole log and then how
 * the VMs stand by the ownership record, since the other host's log is not here; without any it begins now.
 */
final class EventRoutes {
    /** How many events are taken from the log at a time: a reader holds the log's lock for that long. */
    private static final int EVENTS_AT_ONCE = 256;

    /** Ids of more hosts than that are nobody's memory. */
    private static final int IDS_MAX = 1000;

    private final Control control;
    private final EventLog log;
    private final InstantSource clock;

    EventRoutes(Control control, EventLog log, InstantSource clock) {
        this.control = control;
        this.log = log;
        this.clock = clock;
    }

    List<Route> routes() {
        return List.of(new Route("GET", "/v1/events", this::follow));
    }

    private void follow(ServerRequest request, ServerResponse response) throws Exception {
        Optional<String> vm = Parameters.query(request, "vm");
        Optional<String> seen = Parameters.query(request, "after")
                .or(() -> request.headers().first(HeaderNames.create("Last-Event-ID")));
        List<String> ids =
                seen.map(text -> List.of(text.split("\\s*,\\s*", IDS_MAX))).orElse(List.of());
        OptionalLong own = ownNumber(ids);
        List<Event> record = own.isEmpty() && !ids.isEmpty() ? ownersRecord() : List.of();
        long after = own.orElse(ids.isEmpty() ? log.last() : 0);
        // A number beyond the log's end is of a log that is gone (a lost disk, a machine made anew): all of this one is
        // new.
        boolean ofAnotherLog = after > log.last();
        if (ofAnotherLog) {
            after = 0;
        }
        try (Sse stream = new Sse(response)) {
            stream.heartbeat(); // the headers go now, so that a client knows that it is attached
            if (ofAnotherLog || own.isPresent() && after + 1 < log.first()) {
                stream.send("gap", new Gap(control.hostId() + "." + log.first()));
            }
            after = catchUp(stream, after, vm);
            for (Event event : record) {
                if (vm.isEmpty() || vm.get().equals(event.vm())) {
                    stream.send("event", event);
                }
            }
            while (!log.closed()) {
                List<Event> events = log.after(after, EVENTS_AT_ONCE, Sse.HEARTBEAT);
                if (events.isEmpty()) {
                    stream.heartbeat();
                }
                after = send(stream, events, vm, after);
            }
        }
    }

    /**
     * Events that the client asked for are no longer kept.
     *
     * @param firstId of the oldest event that is
     */
    record Gap(String firstId) {}

    private long catchUp(Sse stream, long after, Optional<String> vm) throws InterruptedException {
        long end = log.last();
        long at = after;
        while (at < end) {
            at = send(stream, log.after(at, EVENTS_AT_ONCE, Sse.HEARTBEAT), vm, at);
        }
        return at;
    }

    private static long send(Sse stream, List<Event> events, Optional<String> vm, long after) {
        long at = after;
        for (Event event : events) {
            if (vm.isEmpty() || vm.get().equals(event.vm())) {
                stream.send(event.id(), "event", event);
            }
            at = EventLog.number(event);
        }
        return at;
    }

    private OptionalLong ownNumber(List<String> ids) {
        String prefix = control.hostId() + ".";
        OptionalLong own = OptionalLong.empty();
        for (String id : ids) {
            int dot = id.lastIndexOf('.');
            try {
                long number = Long.parseLong(id.substring(dot + 1));
                if (dot < 1 || number < 0) {
                    throw new BadRequest("\"" + id + "\" is not the id of an event, such as " + prefix + "17.");
                }
                if (id.startsWith(prefix) && dot == prefix.length() - 1) {
                    own = OptionalLong.of(number);
                }
            } catch (NumberFormatException e) {
                throw new BadRequest("\"" + id + "\" is not the id of an event, such as " + prefix + "17.");
            }
        }
        return own;
    }

    /** Number 0 stands for: not from the log. */
    private List<Event> ownersRecord() throws IOException {
        return control.vms().stream()
                .map(vm -> new Event(
                        control.hostId() + ".0",
                        clock.instant(),
                        type(vm.state()),
                        vm.id(),
                        control.hostId(),
                        null,
                        null,
                        null,
                        "By the ownership record: " + vm.name() + " is " + vm.state() + " here, fence " + vm.fence()
                                + "."))
                .toList();
    }

    private static EventType type(VmState state) {
        return switch (state) {
            case CREATING -> EventType.CREATING;
            case RUNNING, MOVING -> EventType.RUNNING;
            case PAUSED, STOPPED -> EventType.PAUSED;
            case FAILED, LOST -> EventType.LOST;
        };
    }
}
