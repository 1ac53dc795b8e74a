package dev.godwit.lab.warm;

import java.io.IOException;
import java.io.InputStream;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Takes a VMM's device state, as hostd does: read at once, held here, since a VMM whose reader stalls hangs. */
final class DeviceStateSocket implements AutoCloseable {
    /** The VMM has said that the save is complete; what is left in the socket's buffer takes milliseconds. */
    private static final long TAIL_SECONDS = 10;
    /** Ours has 350 KB. */
    private static final int STATE_BYTES_MAX = 64 << 20;

    private final Path path;
    private final ServerSocketChannel listener;
    private final FutureTask<byte[]> reading;

    DeviceStateSocket(Path path) throws IOException {
        this.path = path;
        this.listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        listener.bind(UnixDomainSocketAddress.of(path));
        this.reading = new FutureTask<>(() -> {
            try (SocketChannel vmm = listener.accept();
                    InputStream state = Channels.newInputStream(vmm)) {
                return state.readNBytes(STATE_BYTES_MAX);
            }
        });
        Thread.ofPlatform().name("device-state").daemon().start(reading);
    }

    Path path() {
        return path;
    }

    /** What the VMM wrote, once it has said that the save is complete. */
    byte[] state() throws IOException {
        try {
            return reading.get(TAIL_SECONDS, TimeUnit.SECONDS);
        } catch (ExecutionException | TimeoutException failed) {
            throw new IOException("the device state did not come through " + path, failed);
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while the device state came through " + path, stopped);
        }
    }

    /** Gives device state to a VMM that waits for it at a socket. */
    static void send(Path socket, byte[] state) throws IOException {
        try (SocketChannel vmm = SocketChannel.open(UnixDomainSocketAddress.of(socket))) {
            for (ByteBuffer bytes = ByteBuffer.wrap(state); bytes.hasRemaining(); ) {
                vmm.write(bytes);
            }
        }
    }

    @Override
    public void close() throws IOException {
        listener.close();
        Files.deleteIfExists(path);
    }
}
