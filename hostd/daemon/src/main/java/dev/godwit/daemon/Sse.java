package dev.godwit.daemon;

import dev.godwit.api.Problem;
import io.helidon.http.sse.SseEvent;
import io.helidon.webserver.http.ServerResponse;
import io.helidon.webserver.sse.SseSink;
import java.time.Duration;

/**
 * A stream of server-sent events to one client. A write blocks while the client does not read; it fails with an {@link
 * java.io.UncheckedIOException} when the client is gone, which a heartbeat finds out on a stream that is silent. Used by
 * one thread. Source: the HTML standard, section 9.2.
 */
final class Sse implements EventPart.Sink, AutoCloseable {
    /** A client that hears nothing for three of these takes the host for dead and asks another one. */
    static final Duration HEARTBEAT = Duration.ofSeconds(2);

    private final SseSink sink;

    Sse(ServerResponse response) {
        this.sink = response.sink(SseSink.TYPE);
    }

    /** An event with a JSON value. */
    void send(String name, Object value) {
        sink.emit(SseEvent.builder().name(name).data(Json.line(value)).build());
    }

    /** Part of a stream of events. */
    @Override
    public void put(EventPart part) {
        SseEvent.Builder event = SseEvent.builder().name(part.name()).data(part.data());
        if (part.id() != null) {
            event.id(part.id());
        }
        sink.emit(event.build());
    }

    @Override
    public void alive() {
        heartbeat();
    }

    /** Says why the stream ends here; the client may ask again. */
    void problem(Problem problem) {
        send("problem", problem);
    }

    void heartbeat() {
        sink.emit(SseEvent.builder().comment("alive").build());
    }

    @Override
    public void close() {
        sink.close();
    }
}
