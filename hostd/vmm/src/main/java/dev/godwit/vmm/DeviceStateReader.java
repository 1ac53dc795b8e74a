package dev.godwit.vmm;

import java.io.IOException;
import java.io.InputStream;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Takes the device state that a VMM saves ({@link Vmm#saveState}) at a unix socket: on a thread of its own, at once and
 * whole, since a VMM whose reader stalls hangs with its monitor. For one save.
 */
public final class DeviceStateReader implements AutoCloseable {
    /** The VMM has said that the save is complete; what is left in the socket's buffer takes milliseconds. */
    private static final Duration TAIL = Duration.ofSeconds(10);
    /** Ours has 350 KB; a VMM that writes more than this is not one of ours. */
    private static final int STATE_BYTES_MAX = 64 << 20;

    private final String vmId;
    private final Path socket;
    private final ServerSocketChannel listener;
    private final FutureTask<byte[]> reading;

    private DeviceStateReader(String vmId, Path socket, ServerSocketChannel listener) {
        this.vmId = vmId;
        this.socket = socket;
        this.listener = listener;
        this.reading = new FutureTask<>(() -> {
            try (SocketChannel vmm = listener.accept();
                    InputStream state = Channels.newInputStream(vmm)) {
                return state.readNBytes(STATE_BYTES_MAX + 1);
            }
        });
    }

    /**
     * Listens; the VMM may save from now on.
     *
     * @param socket a path that the VMM's user can reach; what an earlier save left there is removed
     */
    public static DeviceStateReader listen(String vmId, Path socket) throws IOException {
        Files.deleteIfExists(socket);
        ServerSocketChannel listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        try {
            listener.bind(UnixDomainSocketAddress.of(socket));
        } catch (IOException e) {
            listener.close();
            throw e;
        }
        DeviceStateReader reader = new DeviceStateReader(vmId, socket, listener);
        Thread.ofPlatform().daemon().name("state-of-" + vmId).start(reader.reading);
        return reader;
    }

    public Path socket() {
        return socket;
    }

    /**
     * The whole state, once the VMM has said that the save is complete.
     *
     * @throws IOException it is larger than 64 MiB, the VMM did not close its connection within 10 s, or it failed
     */
    public byte[] state() throws IOException {
        try {
            byte[] state = reading.get(TAIL.toSeconds(), TimeUnit.SECONDS);
            if (state.length > STATE_BYTES_MAX) {
                throw new IOException(
                        "the device state of vm " + vmId + " has more than " + STATE_BYTES_MAX + " bytes");
            }
            return state;
        } catch (ExecutionException e) {
            throw e.getCause() instanceof IOException cause
                    ? cause
                    : new IOException("the device state of vm " + vmId + " could not be read", e.getCause());
        } catch (TimeoutException e) {
            throw new IOException(
                    "the VMM of vm " + vmId + " said that its state is saved, but did not close its connection within "
                            + TAIL.toSeconds() + " s",
                    e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while the device state of vm " + vmId + " was read", e);
        }
    }

    @Override
    public void close() throws IOException {
        listener.close();
        Files.deleteIfExists(socket);
    }
}
