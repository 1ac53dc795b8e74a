package dev.godwit.peer;

import java.io.IOException;
import java.net.SocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.time.Duration;

/** Where the sockets of the wire come from. Thread-safe. */
public interface PeerSockets {
    /** Opens a blocking connection. */
    SocketChannel connect(SocketAddress peer, Duration timeout) throws IOException;

    /** Opens a blocking listening socket. */
    ServerSocketChannel listen(SocketAddress address) throws IOException;

    /** Makes an accepted connection ready for use. */
    void accepted(SocketChannel channel) throws IOException;

    /** Unencrypted TCP, or a unix socket where the address is one. */
    static PeerSockets plain() {
        return new PlainSockets();
    }
}
