package dev.godwit.peer;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;

/** What the tests of the wire have in common. */
final class Ports {
    private Ports() {}

    static InetSocketAddress any() {
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    }

    /** Time-outs short enough for a test to see them pass. */
    static PeerLimits quick() {
        return limits(Duration.ofSeconds(10), Duration.ofSeconds(20));
    }

    static PeerLimits limits(Duration abandonAfter, Duration stallAfter) {
        return new PeerLimits(
                4 << 20,
                Duration.ofMillis(100),
                Duration.ofMillis(500),
                Duration.ofSeconds(2),
                Duration.ofMillis(10),
                Duration.ofMillis(100),
                abandonAfter,
                stallAfter,
                Duration.ofMinutes(1));
    }

    static PeerServer server(CallHandler calls, StreamHandler streams, PeerLimits limits) throws IOException {
        return new PeerServer(any(), "host-b", calls, streams, limits, PeerSockets.plain());
    }
}
