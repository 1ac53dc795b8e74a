package dev.godwit.vmm.qemu;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** Listens for a guest's device state, as hostd does. */
final class StateReader implements AutoCloseable {
    private final Path socket;
    private final ServerSocketChannel server;
    private final CompletableFuture<Long> bytes = new CompletableFuture<>();
    private final CompletableFuture<Void> release = new CompletableFuture<>();

    private StateReader(Path socket, boolean read, boolean stall) throws IOException {
        this.socket = socket;
        this.server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        server.bind(UnixDomainSocketAddress.of(socket));
        Thread.ofPlatform().daemon().start(() -> {
            long sum = 0;
            try (SocketChannel client = server.accept()) {
                if (stall) {
                    release.get(60, TimeUnit.SECONDS);
                }
                ByteBuffer buffer = ByteBuffer.allocate(1 << 20);
                while (read && client.read(buffer.clear()) >= 0) {
                    sum += buffer.position();
                }
                bytes.complete(sum);
            } catch (Exception failed) {
                bytes.completeExceptionally(failed);
            }
        });
    }

    static StateReader reading(Path socket) throws IOException {
        return new StateReader(socket, true, false);
    }

    static StateReader goingAway(Path socket) throws IOException {
        return new StateReader(socket, false, false);
    }

    static StateReader stalling(Path socket) throws IOException {
        return new StateReader(socket, false, true);
    }

    long bytes() throws Exception {
        release.complete(null);
        return bytes.get(20, TimeUnit.SECONDS);
    }

    @Override
    public void close() throws IOException {
        release.complete(null);
        server.close();
        Files.deleteIfExists(socket);
    }
}
