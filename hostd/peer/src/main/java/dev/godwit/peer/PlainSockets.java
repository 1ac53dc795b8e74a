package dev.godwit.peer;

import java.io.IOException;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.time.Duration;

/** Unencrypted sockets: TCP with 4 MiB buffers and no delay, or unix. */
final class PlainSockets implements PeerSockets {
    /** Connections that may wait for accept; more are refused by the kernel. */
    private static final int BACKLOG = 64;

    @Override
    public PeerChannel connect(SocketAddress peer, Duration timeout) throws IOException {
        return new PlainChannel(connectTo(peer, timeout));
    }

    @Override
    public PeerSockets expecting(String host) {
        return this;
    }

    SocketChannel connectTo(SocketAddress peer, Duration timeout) throws IOException {
        boolean unix = peer instanceof UnixDomainSocketAddress;
        SocketChannel channel = unix ? SocketChannel.open(StandardProtocolFamily.UNIX) : SocketChannel.open();
        try {
            if (unix) {
                channel.connect(peer);
            } else {
                buffers(channel);
                channel.socket().connect(peer, (int) timeout.toMillis());
            }
            return channel;
        } catch (IOException | RuntimeException e) {
            channel.close();
            throw e;
        }
    }

    @Override
    public ServerSocketChannel listen(SocketAddress address) throws IOException {
        boolean unix = address instanceof UnixDomainSocketAddress;
        ServerSocketChannel channel =
                unix ? ServerSocketChannel.open(StandardProtocolFamily.UNIX) : ServerSocketChannel.open();
        try {
            if (!unix) {
                // Accepted sockets inherit it, and the window scale is fixed at the handshake.
                channel.setOption(StandardSocketOptions.SO_RCVBUF, PeerLimits.SOCKET_BUFFER_BYTES);
                channel.setOption(StandardSocketOptions.SO_REUSEADDR, true);
            }
            channel.bind(address, BACKLOG);
            return channel;
        } catch (IOException | RuntimeException e) {
            channel.close();
            throw new IOException("can't listen on " + address + " for peers: " + e.getMessage(), e);
        }
    }

    @Override
    public PeerChannel accepted(SocketChannel channel) throws IOException {
        tune(channel);
        return new PlainChannel(channel);
    }

    void tune(SocketChannel channel) throws IOException {
        if (!(channel.getLocalAddress() instanceof UnixDomainSocketAddress)) {
            buffers(channel);
        }
    }

    private static void buffers(SocketChannel channel) throws IOException {
        channel.setOption(StandardSocketOptions.SO_SNDBUF, PeerLimits.SOCKET_BUFFER_BYTES);
        channel.setOption(StandardSocketOptions.SO_RCVBUF, PeerLimits.SOCKET_BUFFER_BYTES);
        channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
    }
}
