package dev.godwit.daemon;

import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;

/**
 * {@code GET /v1/events}. {@code Last-Event-ID} (or {@code ?after=}) holds the last id seen of each host, separated by
 * commas. A client is told what happens at all living hosts, of each after its id; of a host that its ids do not name it is
 * given the whole log. Without any id the stream begins now. A {@code position} says from which id on a host's part is told,
 * so that a client that has seen nothing yet can resume too. Where it can't be told what a host saw last, because that host
 * is gone, it is told how the VMs here stand by the ownership record. Another host is told what happened here alone.
 */
final class EventRoutes {
    private final Control control;
    private final EventLog log;
    private final FleetEvents.Peer peer;
    private final InstantSource clock;

    EventRoutes(Control control, EventLog log, FleetEvents.Peer peer, InstantSource clock) {
        this.control = control;
        this.log = log;
        this.peer = peer;
        this.clock = clock;
    }

    List<Route> routes() {
        return List.of(new Route("GET", "/v1/events", this::follow));
    }

    private void follow(ServerRequest request, ServerResponse response) throws Exception {
        Optional<String> vm = Parameters.query(request, "vm");
        EventIds ids = EventIds.of(request);
        if (Forwarder.hops(request) > 0) {
            EventTail own = new EventTail(log, control.hostId(), ids.of(control.hostId()), vm);
            try (Sse stream = new Sse(response)) {
                stream.heartbeat(); // the headers go now
                own.catchUp(stream);
                own.follow(stream);
            }
            return;
        }
        try (FleetEvents events = new FleetEvents(control, log, peer, clock, ids, vm);
                Sse stream = new Sse(response)) {
            events.run(stream);
        }
    }
}
