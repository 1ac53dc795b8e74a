package dev.godwit.peer;

import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The streams of all peers by id, kept over dropped connections. Thread-safe. */
final class ServedStreams {
    private static final Logger LOG = LoggerFactory.getLogger(ServedStreams.class);
    /** Streams at once, those that wait for their sender included: each costs a target's buffers. */
    private static final int STREAMS_MAX = 64;
    /** Streams remembered, those that are over included: their senders may not know it yet. */
    private static final int REMEMBERED_MAX = 4096;

    private final StreamHandler handler;
    private final Duration abandonAfter;
    private final TrafficCount traffic;
    private final Map<String, ServedStream> streams = new ConcurrentHashMap<>();
    private final AtomicLong resumed = new AtomicLong();
    private final AtomicLong duplicates = new AtomicLong();

    ServedStreams(StreamHandler handler, Duration abandonAfter, TrafficCount traffic) {
        this.handler = handler;
        this.abandonAfter = abandonAfter;
        this.traffic = traffic;
    }

    /** Streams that are not over. */
    int count() {
        return (int) streams.values().stream().filter(stream -> !stream.over()).count();
    }

    long resumed() {
        return resumed.get();
    }

    long duplicates() {
        return duplicates.get();
    }

    /** Serves one connection that begins with {@link Frame#OPEN} until it ends. */
    void serve(Connection connection, String host) throws IOException {
        Frame first = connection.read();
        while (first.type() == Frame.HEARTBEAT) {
            first = connection.read();
        }
        OpenMessage open = OpenMessage.of(first);
        try {
            streamOf(open, host).serve(connection, open.repliesSeen());
        } catch (PeerRefused e) {
            traffic.add(ByteKind.CONTROL, connection.write(Frame.of(Frame.REFUSED, 0, 0, Refusal.bytes(e))));
        }
    }

    private synchronized ServedStream streamOf(OpenMessage open, String host) throws PeerRefused {
        ServedStream known = streams.get(open.streamId());
        if (known != null && !open.resume() && known.over()) {
            streams.remove(open.streamId(), known);
            known = null;
        }
        if (known != null) {
            if (!known.host().equals(host)) {
                throw new PeerRefused("stream-taken", "stream " + open.streamId() + " belongs to " + known.host());
            }
            if (!open.resume() && !known.fresh()) {
                throw new PeerRefused(
                        "stream-taken", "stream " + open.streamId() + " is open already and has carried frames");
            }
            resumed.incrementAndGet();
            return known;
        }
        if (open.resume()) {
            throw new PeerRefused(
                    "stream-unknown",
                    "stream " + open.streamId() + " is not known here: hostd was restarted, or the stream had no"
                            + " connection for " + abandonAfter.toSeconds() + " s");
        }
        if (count() >= STREAMS_MAX || streams.size() >= REMEMBERED_MAX) {
            throw new PeerRefused("busy", count() + " streams are open here already; try again later");
        }
        ServedStream made = new ServedStream(
                open.streamId(), host, handler.open(host, open.streamId(), open.hello()), traffic, duplicates);
        streams.put(open.streamId(), made);
        return made;
    }

    /** Gives up streams whose sender has not come back in time. Returns at once. */
    void dropAbandoned() {
        long now = System.nanoTime();
        streams.forEach((id, stream) -> {
            if (stream.abandon(now, abandonAfter) && streams.remove(id, stream)) {
                Thread.ofVirtual().name("peer-abandon").start(() -> abandon(id, stream));
            }
        });
    }

    private void abandon(String id, ServedStream stream) {
        if (stream.lose(stream.host() + " did not come back within " + abandonAfter.toMillis() + " ms")) {
            LOG.info("stream {} of {} dropped: no connection for {} ms", id, stream.host(), abandonAfter.toMillis());
        }
    }

    /** Loses every stream; one whose receiver is stuck in a frame is lost when that returns. */
    void close(Duration limit) {
        streams.forEach((id, stream) -> {
            streams.remove(id);
            if (!stream.lose("this hostd is closing its peer port", limit)) {
                LOG.warn("stream {} of {} has a receiver that does not return from a frame", id, stream.host());
            }
        });
    }
}
