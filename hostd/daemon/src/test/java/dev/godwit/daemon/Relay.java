package dev.godwit.daemon;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;

/** A TCP relay before a host that can die as a machine does: with a reset, or silently with its sockets left open. */
final class Relay implements AutoCloseable {
    private static final int SAID_MAX = 64 * 1024;

    private final ServerSocketChannel server;
    private final InetSocketAddress target;
    private final List<SocketChannel> open = new CopyOnWriteArrayList<>();
    private final AtomicLong toClient = new AtomicLong();
    /** What the host said, as far as a test looks at it. */
    private final StringBuffer said = new StringBuffer();

    private volatile boolean frozen;
    private volatile String losing = "";

    /** Connections to the host whose next answer ends them. */
    private final List<SocketChannel> unheard = new CopyOnWriteArrayList<>();

    Relay(URI target) throws IOException {
        this.target = new InetSocketAddress(target.getHost(), target.getPort());
        this.server = ServerSocketChannel.open().bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
        Thread.ofVirtual().name("relay").start(this::accept);
    }

    URI base() throws IOException {
        return URI.create("http://127.0.0.1:" + ((InetSocketAddress) server.getLocalAddress()).getPort());
    }

    /** Bytes that clients got so far. */
    long toClient() {
        return toClient.get();
    }

    /** Whether the host has said all of this. */
    boolean said(String... texts) {
        return Arrays.stream(texts).allMatch(text -> said.indexOf(text) >= 0);
    }

    /** Nothing comes or goes any more, and nobody is told. */
    void freeze() {
        frozen = true;
    }

    /** The next request of this method is the last of its connection, and its answer does not come through. */
    void loseAnswersTo(String method) {
        losing = method;
    }

    /** Every connection is reset, and no new one is taken. */
    void kill() throws IOException {
        server.close();
        for (SocketChannel channel : open) {
            if (channel.isOpen()) {
                channel.setOption(StandardSocketOptions.SO_LINGER, 0);
                channel.close();
            }
        }
    }

    private void accept() {
        while (server.isOpen()) {
            try {
                SocketChannel client = server.accept();
                open.add(client);
                if (frozen) {
                    continue;
                }
                SocketChannel host = SocketChannel.open(target);
                open.add(host);
                Thread.ofVirtual().start(() -> pump(client, host, false));
                Thread.ofVirtual().start(() -> pump(host, client, true));
            } catch (IOException over) {
                return;
            }
        }
    }

    private void pump(SocketChannel from, SocketChannel to, boolean count) {
        ByteBuffer buffer = ByteBuffer.allocate(16 * 1024);
        try (from;
                to) {
            while (from.read(buffer) >= 0) {
                if (frozen) {
                    Thread.currentThread().join(); // for ever, holding both sockets open
                }
                buffer.flip();
                if (unheard.contains(from)) {
                    return; // the answer has come this far
                }
                if (!losing.isEmpty() && !count && startsWith(buffer, losing)) {
                    losing = "";
                    unheard.add(to);
                }
                if (count && said.length() < SAID_MAX) {
                    said.append(StandardCharsets.ISO_8859_1.decode(buffer.duplicate()));
                }
                while (buffer.hasRemaining()) {
                    int written = to.write(buffer);
                    toClient.addAndGet(count ? written : 0);
                }
                buffer.clear();
            }
        } catch (IOException over) {
            return; // either side is gone, and with it the other
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static boolean startsWith(ByteBuffer buffer, String method) {
        return StandardCharsets.ISO_8859_1.decode(buffer.duplicate()).toString().startsWith(method);
    }

    @Override
    public void close() throws IOException {
        kill();
    }
}
