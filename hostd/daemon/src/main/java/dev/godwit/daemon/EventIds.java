package dev.godwit.daemon;

import io.helidon.http.HeaderNames;
import io.helidon.webserver.http.ServerRequest;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * What a client has seen: the number of the last event of each host.
 *
 * @param numbers by host; empty for a client that has seen nothing yet and wants what comes from now on
 */
record EventIds(Map<String, Long> numbers) {
    /** Ids of more hosts than that are nobody's memory. */
    private static final int IDS_MAX = 1000;

    EventIds {
        numbers = Map.copyOf(numbers);
    }

    /** {@code ?after=} or {@code Last-Event-ID}: ids of events, one a host, separated by commas. */
    static EventIds of(ServerRequest request) {
        Optional<String> seen = Parameters.query(request, "after")
                .or(() -> request.headers().first(HeaderNames.create("Last-Event-ID")));
        Map<String, Long> numbers = new HashMap<>();
        for (String id : seen.map(text -> text.split("\\s*,\\s*", IDS_MAX)).orElse(new String[0])) {
            numbers.merge(host(id), number(id), Math::max);
        }
        return new EventIds(numbers);
    }

    OptionalLong of(String host) {
        Long number = numbers.get(host);
        return number == null ? OptionalLong.empty() : OptionalLong.of(number);
    }

    /** The host in an event's id. */
    static String host(String id) {
        number(id);
        return id.substring(0, id.lastIndexOf('.'));
    }

    /** The number in an event's id. */
    static long number(String id) {
        int dot = id.lastIndexOf('.');
        try {
            long number = Long.parseLong(id.substring(dot + 1));
            if (dot >= 1 && number >= 0) {
                return number;
            }
        } catch (NumberFormatException e) {
            throw new BadRequest("\"" + id + "\" is not the id of an event, such as host-a.17.");
        }
        throw new BadRequest("\"" + id + "\" is not the id of an event, such as host-a.17.");
    }
}
