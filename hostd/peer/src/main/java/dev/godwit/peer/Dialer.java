package dev.godwit.peer;

import java.io.IOException;
import java.net.SocketAddress;

/** Makes connections to one peer and shakes hands. Thread-safe. */
final class Dialer {
    private final SocketAddress peer;
    private final String hostId;
    private final PeerLimits limits;
    private final PeerSockets sockets;
    private final Watch watch;

    Dialer(SocketAddress peer, String hostId, PeerLimits limits, PeerSockets sockets, Watch watch) {
        this.peer = peer;
        this.hostId = hostId;
        this.limits = limits;
        this.sockets = sockets;
        this.watch = watch;
    }

    /** A connection and the id of the host at its other end. */
    record Dialled(Connection connection, String host) {}

    SocketAddress peer() {
        return peer;
    }

    PeerLimits limits() {
        return limits;
    }

    /**
     * Connects and says hello. The caller reads, and gives the connection to {@link #hangUp}.
     *
     * @throws PeerRefused the peer speaks another version
     */
    Dialled dial(Hello.Use use, TrafficCount traffic) throws IOException {
        Connection connection = new Connection(sockets.connect(peer, limits.connectTimeout()), String.valueOf(peer));
        boolean done = false;
        try {
            connection.deadline(limits.connectTimeout());
            watch.add(connection);
            connection.secure();
            Frame answer = new Hello(hostId, use).say(connection, traffic);
            if (answer.type() == Frame.REFUSED) {
                throw Refusal.of(answer.bytes());
            }
            Hello hello = Hello.of(answer);
            connection.requireHost(hello.host());
            if (hello.protocol() != Hello.PROTOCOL) {
                throw versions(hello);
            }
            connection.noDeadline();
            connection.trust();
            connection.beat(limits.heartbeatEvery(), traffic);
            done = true;
            return new Dialled(connection, hello.host());
        } finally {
            if (!done) {
                hangUp(connection);
            }
        }
    }

    void hangUp(Connection connection) {
        watch.remove(connection);
        connection.release();
    }

    static PeerRefused versions(Hello other) {
        return new PeerRefused(
                "version",
                other.host() + " speaks version " + other.protocol() + " of the peer protocol, this host version "
                        + Hello.PROTOCOL + ": install the same Godwit on both");
    }
}
