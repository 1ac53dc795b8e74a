package dev.godwit.peer;

import dev.godwit.tls.Credentials;
import dev.godwit.tls.FleetTrust;
import java.io.IOException;
import java.net.SocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.function.Supplier;

/** Where the sockets of the wire come from. Thread-safe. */
public interface PeerSockets {
    /** Opens a connection. */
    PeerChannel connect(SocketAddress peer, Duration timeout) throws IOException;

    /** Opens a blocking listening socket. */
    ServerSocketChannel listen(SocketAddress address) throws IOException;

    /** Makes a connection of an accepted, blocking socket; nothing is read or written yet. */
    PeerChannel accepted(SocketChannel socket) throws IOException;

    /** The same, for connections to one host only: another that answers at its address is refused. */
    PeerSockets expecting(String host);

    /** Unencrypted TCP, or a unix socket where the address is one. */
    static PeerSockets plain() {
        return new PlainSockets();
    }

    /**
     * TLS 1.3 with certificates at both ends.
     *
     * @param own the host's certificate of that moment
     * @param trust which others are taken
     */
    static PeerSockets secure(Supplier<Credentials> own, FleetTrust trust) {
        return new SecureSockets(own, trust);
    }
}
