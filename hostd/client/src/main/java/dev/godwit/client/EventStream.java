package dev.godwit.client;

import dev.godwit.api.Event;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.SocketTimeoutException;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import okhttp3.Request;
import org.jspecify.annotations.Nullable;

/**
 * Events of one host after the other: when a host is lost the stream goes on at another, which gives its own log and how
 * the VMs stand by the ownership record (events with number 0). No event comes twice. Used by one thread; {@link #close}
 * may be called by another.
 */
public final class EventStream implements AutoCloseable {
    /** Events before this one are no longer kept by its host. */
    private record Gap(String firstId) {}

    private final Endpoints endpoints;
    private final Timeouts timeouts;
    private final StreamAnswer answer = new StreamAnswer();
    private final Map<String, Long> lastOfHost = new TreeMap<>();

    EventStream(Endpoints endpoints, Timeouts timeouts, @Nullable String after) {
        this.endpoints = endpoints;
        this.timeouts = timeouts;
        if (after != null) {
            for (String id : after.split(",", -1)) {
                remember(id.strip());
            }
        }
    }

    /**
     * Waits for an event; a stream has no end of its own.
     *
     * @throws NoEndpointReachable no endpoint answered for the time to retry
     * @throws InterruptedIOException the stream was closed
     */
    public Event next() throws IOException {
        while (true) {
            try {
                SseLines.Message message = answer.next(this::ask);
                if (message == null) {
                    lost();
                } else if (message.name().equals("gap")) {
                    String first = Json.read(message.data(), Gap.class).firstId();
                    lastOfHost.remove(first.substring(0, Math.max(first.lastIndexOf('.'), 0)));
                } else if (message.name().equals("event")) {
                    Event event = Json.read(message.data(), Event.class);
                    if (remember(event.id())) {
                        return event;
                    }
                }
            } catch (SocketTimeoutException silent) {
                lost();
            } catch (RequestFailed | NoEndpointReachable | InterruptedIOException over) {
                throw over;
            } catch (IOException broken) {
                lost();
            }
        }
    }

    /** Where another stream can go on: the last id of each host, separated by commas; empty before the first event. */
    public String position() {
        return lastOfHost.entrySet().stream()
                .map(host -> host.getKey() + "." + host.getValue())
                .collect(Collectors.joining(","));
    }

    /** Whether the event is new; one that is not from a log always is. */
    private boolean remember(String id) {
        int dot = id.lastIndexOf('.');
        if (dot < 1) {
            throw new IllegalArgumentException("\"" + id + "\" is not the id of an event, such as host-a.17");
        }
        long number = Long.parseLong(id.substring(dot + 1));
        Long known = lastOfHost.putIfAbsent(id.substring(0, dot), number);
        if (known == null || number == 0) {
            return true;
        }
        lastOfHost.merge(id.substring(0, dot), number, Math::max);
        return number > known;
    }

    private Endpoints.Answer ask() throws IOException {
        return endpoints.send(Endpoints.Repeat.HARMLESS, timeouts.silence(), base -> {
            Request.Builder request = new Request.Builder().url(base + "/v1/events");
            return lastOfHost.isEmpty() ? request : request.header("Last-Event-ID", position());
        });
    }

    private void lost() throws IOException {
        answer.throwIfClosed(null);
        answer.drop();
        endpoints.avoidCurrent();
        Endpoints.pause();
    }

    @Override
    public void close() {
        answer.close();
    }
}
