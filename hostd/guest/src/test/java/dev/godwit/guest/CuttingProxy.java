package dev.godwit.guest;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.random.RandomGenerator;

/**
 * Stands between a channel and guestd, and cuts the connection after a random number of bytes, often within a frame. Each direction
 * is cut by itself, as when a host dies: what was half sent stays half sent.
 */
final class CuttingProxy implements AutoCloseable {
    private final Path target;
    private final RandomGenerator random;
    private final int bytesMax;
    private final ServerSocketChannel server;
    private final AtomicInteger cuts = new AtomicInteger();
    private volatile boolean cutting = true;

    CuttingProxy(Path listen, Path target, RandomGenerator random, int bytesMax) throws IOException {
        this.target = target;
        this.random = random;
        this.bytesMax = bytesMax;
        this.server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        server.bind(UnixDomainSocketAddress.of(listen));
        Thread.ofVirtual().start(this::accept);
    }

    int cuts() {
        return cuts.get();
    }

    void stopCutting() {
        cutting = false;
    }

    private void accept() {
        while (server.isOpen()) {
            try {
                SocketChannel host = server.accept();
                SocketChannel guest = SocketChannel.open(UnixDomainSocketAddress.of(target));
                int up = random.nextInt(40, bytesMax);
                int down = random.nextInt(40, bytesMax);
                Thread.ofVirtual().start(() -> pump(host, guest, up));
                Thread.ofVirtual().start(() -> pump(guest, host, down));
            } catch (IOException closed) {
                if (server.isOpen()) {
                    throw new IllegalStateException("proxy to " + target, closed);
                }
            }
        }
    }

    private void pump(SocketChannel from, SocketChannel to, int limit) {
        ByteBuffer bytes = ByteBuffer.allocate(16 * 1024);
        int left = limit;
        try (from;
                to) {
            while (from.read(bytes.clear()) >= 0) {
                bytes.flip();
                if (cutting && bytes.remaining() >= left) {
                    bytes.limit(left);
                    to.write(bytes);
                    cuts.incrementAndGet();
                    return;
                }
                left -= bytes.remaining();
                while (bytes.hasRemaining()) {
                    to.write(bytes);
                }
            }
        } catch (IOException otherSideClosed) {
            // The pump of the other direction cut the connection: that is the purpose.
            left = 0;
        }
    }

    @Override
    public void close() throws IOException {
        server.close();
    }
}
