package dev.godwit.replication;

import dev.godwit.peer.PeerLimits;
import dev.godwit.peer.PeerLink;
import dev.godwit.peer.PeerRefused;
import dev.godwit.peer.PeerServer;
import dev.godwit.peer.PeerSockets;
import dev.godwit.peer.PeerStream;
import dev.godwit.peer.StreamReceiver;
import dev.godwit.volume.TargetVolume;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;

/** A peer port that hands streams to receptions, and a link to it. */
final class Pair implements AutoCloseable {
    final PeerServer server;
    final Map<String, StreamReceiver> receivers = new ConcurrentHashMap<>();
    private final PeerLink link;

    /** Short time-outs, so that a dead path is noticed within a test. */
    static PeerLimits quick() {
        return limits(Duration.ofMillis(100), Duration.ofMillis(500), Duration.ofSeconds(10));
    }

    static PeerLimits limits(Duration heartbeat, Duration silence, Duration abandon) {
        return new PeerLimits(
                4 << 20,
                heartbeat,
                silence,
                Duration.ofSeconds(2),
                Duration.ofMillis(10),
                Duration.ofMillis(100),
                abandon,
                Duration.ofSeconds(20),
                Duration.ofMinutes(1));
    }

    /** @param route what the link connects to, given the server's address: a proxy, or the server itself */
    Pair(PeerLimits limits, Function<SocketAddress, SocketAddress> route) throws IOException {
        server = new PeerServer(
                new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
                "host-b",
                (from, method, json) -> json,
                (from, id, hello) -> receiver(id),
                limits,
                PeerSockets.plain());
        link = new PeerLink(route.apply(server.address()), "host-a", limits, PeerSockets.plain());
    }

    Pair() throws IOException {
        this(quick(), address -> address);
    }

    /** A reception for {@code targets} under {@code id}, and the stream to it. */
    PeerStream open(String id, StreamReceiver receiver) throws IOException {
        receivers.put(id, receiver);
        return link.openStream(id, new byte[0]);
    }

    private StreamReceiver receiver(String id) throws PeerRefused {
        StreamReceiver receiver = receivers.get(id);
        if (receiver == null) {
            throw new PeerRefused("unexpected", "no reception waits for " + id);
        }
        return receiver;
    }

    static Reception reception(ByteArrayOutputStream state, TargetVolume... targets) {
        return new Reception(List.of(targets), () -> state);
    }

    @Override
    public void close() {
        link.close();
        server.close();
    }
}
