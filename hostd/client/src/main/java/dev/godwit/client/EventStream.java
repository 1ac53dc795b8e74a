package dev.godwit.client;

import dev.godwit.api.Event;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.SocketTimeoutException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Collectors;
import okhttp3.Request;
import org.jspecify.annotations.Nullable;

/**
 * The events of all hosts of the fleet, through one of them: when that one is lost the stream goes on at another, of each host
 * after the last event seen of it, and how the VMs stand by the ownership record is told where a host's log is not to be had
 * (events with number 0). No event comes twice. Used by one thread; {@link #close} may be called by another.
 */
public final class EventStream implements AutoCloseable {
    /** Events before this one are no longer kept by its host. */
    private record Gap(String firstId) {}

    /** What follows of this host comes after this id. */
    private record Position(String id) {}

    /**
     * Hosts come and go, and the ids of all have to fit into a request. The one that was heard of longest ago is forgotten;
     * living ones tell their position every minute.
     */
    private static final int HOSTS_MAX = 200;

    private final Endpoints endpoints;
    private final Timeouts timeouts;
    private final StreamAnswer answer = new StreamAnswer();
    /** The host that was heard of last is the last one. */
    private final Map<String, Long> lastOfHost = new LinkedHashMap<>();

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
                    forgetAfter(Json.read(message.data(), Gap.class).firstId());
                } else if (message.name().equals("position")) {
                    remember(Json.read(message.data(), Position.class).id());
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

    /**
     * Where another stream can go on: the last id of each host, separated by commas; empty before the first answer. Hosts of
     * which nothing was seen yet are in it.
     */
    public String position() {
        return lastOfHost.entrySet().stream()
                .sorted(Map.Entry.comparingByKey())
                .map(host -> host.getKey() + "." + host.getValue())
                .collect(Collectors.joining(","));
    }

    /** Whether the event is new; one that is not from a log always is. */
    private boolean remember(String id) {
        String host = host(id);
        long number = Long.parseLong(id.substring(host.length() + 1));
        Long known = lastOfHost.remove(host);
        lastOfHost.put(host, known == null ? number : Math.max(known, number));
        if (lastOfHost.size() > HOSTS_MAX) {
            lastOfHost.remove(lastOfHost.keySet().iterator().next());
        }
        return number == 0 || known == null || number > known;
    }

    /** The events before this one are not to be had. */
    private void forgetAfter(String firstId) {
        String host = host(firstId);
        lastOfHost.remove(host);
        lastOfHost.put(host, Math.max(0, Long.parseLong(firstId.substring(host.length() + 1)) - 1));
    }

    private static String host(String id) {
        int dot = id.lastIndexOf('.');
        if (dot < 1) {
            throw new IllegalArgumentException("\"" + id + "\" is not the id of an event, such as host-a.17");
        }
        return id.substring(0, dot);
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
