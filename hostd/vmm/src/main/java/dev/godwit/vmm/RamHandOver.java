package dev.godwit.vmm;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.godwit.linux.Pidfd;
import dev.godwit.volume.Pages;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Map;

/**
 * Waits for one VMM to hand its guest RAM over. The VMM's preload ({@code libgodwit-ram-handover.so}) sends
 * {@code [{"base_host_virt_addr","size","offset","page_size"}]} with its userfaultfd over a unix socket, as Firecracker
 * does by itself, and runs on only when it reads one byte {@code '1'}; without it the VMM ends. So a VM whose hand-over
 * failed here is never one that runs untracked.
 *
 * <p>The descriptor in the message is ignored (the JDK can't receive one); it is taken by {@code pidfd_getfd} from the
 * process that the caller names, and the address in the message must be the one in that process's memory map. So a
 * stranger on the socket can at most make the hand-over fail.
 *
 * <p>One use by one thread.
 */
public final class RamHandOver implements AutoCloseable {
    private static final byte TRACKED = '1';
    /** The message of one region is about 90 bytes; Firecracker's longest, of a few regions, is below 1 KiB. */
    private static final int MESSAGE_BYTES_MAX = 4096;
    /** How often a wait looks whether the VMM has ended. */
    private static final long LOOK_MILLIS = 25;

    private static final ObjectMapper JSON = new ObjectMapper();

    private final String vmId;
    private final Path ramFile;
    private final long ramBytes;
    private final Path socket;
    private final ServerSocketChannel server;

    private RamHandOver(String vmId, Path ramFile, long ramBytes, Path socket, ServerSocketChannel server) {
        this.vmId = vmId;
        this.ramFile = ramFile;
        this.ramBytes = ramBytes;
        this.socket = socket;
        this.server = server;
    }

    /**
     * Listens before the VMM is started.
     *
     * @param ramFile the VM's RAM file, which exists by the time {@link #await} is called
     * @param ramBytes a multiple of the page size
     * @param socket made here, replaced where it is left over, in a folder that the VMM may enter
     * @param uid the VMM's user, who alone may connect
     */
    public static RamHandOver listen(String vmId, Path ramFile, long ramBytes, Path socket, int uid)
            throws IOException {
        Pages.pageCount(ramBytes);
        Files.deleteIfExists(socket);
        ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        try {
            server.bind(UnixDomainSocketAddress.of(socket));
            Files.setPosixFilePermissions(socket, PosixFilePermissions.fromString("rw-------"));
            Files.setAttribute(socket, "unix:uid", uid);
            server.configureBlocking(false);
            return new RamHandOver(vmId, ramFile, ramBytes, socket, server);
        } catch (IOException | RuntimeException failed) {
            server.close();
            Files.deleteIfExists(socket);
            throw failed;
        }
    }

    /**
     * What the VMM's environment needs; {@code GODWIT_UFFD_DEV_FD} is the launcher's to add.
     *
     * @param preload the built {@code libgodwit-ram-handover.so}
     * @param timeout how long the VMM waits for us, the same as {@link #await} is given
     */
    public Map<String, String> environment(Path preload, Duration timeout) {
        return Map.of(
                "LD_PRELOAD", preload.toAbsolutePath().toString(),
                "GODWIT_RAM_FILE", ramFile.toAbsolutePath().toString(),
                "GODWIT_RAM_SOCKET", socket.toAbsolutePath().toString(),
                "GODWIT_RAM_TIMEOUT_MS", Long.toString(timeout.toMillis()));
    }

    /**
     * Waits until the VMM has mapped its RAM, begins to track it and lets the VMM go on. Blocks.
     *
     * @param pid the VMM, started by the caller
     * @throws IOException no hand-over in time, the VMM ended, or what it handed over is not this VM's RAM; the VMM ends
     *     by itself then
     */
    public TrackedMemory await(long pid, Duration timeout) throws IOException {
        long deadline = System.nanoTime() + timeout.toNanos();
        try (Pidfd process = Pidfd.open(pid);
                SocketChannel vmm = accept(process, deadline, timeout)) {
            JsonNode region = parse(receive(vmm, process, deadline, timeout));
            TrackedMemory memory = TrackedMemory.begin(vmId, pid, ramFile, ramBytes);
            try {
                requireSame(region, RamMapping.find(pid, ramFile));
                vmm.configureBlocking(true);
                vmm.write(ByteBuffer.wrap(new byte[] {TRACKED}));
                return memory;
            } catch (IOException | RuntimeException failed) {
                memory.close();
                throw failed;
            }
        }
    }

    private SocketChannel accept(Pidfd process, long deadline, Duration timeout) throws IOException {
        try (Selector selector = Selector.open()) {
            awaitReady(selector, server, SelectionKey.OP_ACCEPT, process, deadline, timeout);
            SocketChannel accepted = server.accept();
            if (accepted == null) {
                throw new IOException("VM " + vmId + ": the VMM took its connection to " + socket + " back");
            }
            return accepted;
        }
    }

    private String receive(SocketChannel vmm, Pidfd process, long deadline, Duration timeout) throws IOException {
        vmm.configureBlocking(false);
        ByteBuffer message = ByteBuffer.allocate(MESSAGE_BYTES_MAX);
        try (Selector selector = Selector.open()) {
            // The array holds flat objects only, so its first closing bracket ends the message.
            while (message.position() == 0 || message.get(message.position() - 1) != ']') {
                awaitReady(selector, vmm, SelectionKey.OP_READ, process, deadline, timeout);
                if (vmm.read(message) < 0 || !message.hasRemaining()) {
                    throw new IOException("VM " + vmId + ": the hand-over of its RAM broke off after "
                            + message.position() + " bytes (at most " + MESSAGE_BYTES_MAX + " are read)");
                }
            }
        }
        return StandardCharsets.UTF_8.decode(message.flip()).toString();
    }

    private void awaitReady(
            Selector selector, SelectableChannel channel, int operation, Pidfd process, long deadline, Duration timeout)
            throws IOException {
        channel.register(selector, operation);
        selector.selectedKeys().clear();
        while (selector.select(LOOK_MILLIS) == 0) {
            if (!process.isAlive()) {
                throw new IOException("VM " + vmId + ": its VMM (process " + process.pid()
                        + ") ended before it handed its RAM over; the VMM's log says why");
            }
            if (System.nanoTime() - deadline > 0) {
                throw new IOException("VM " + vmId + ": its VMM (process " + process.pid()
                        + ") did not hand the RAM in " + ramFile + " over at " + socket + " within "
                        + timeout.toMillis() + " ms. Check that it was started with LD_PRELOAD="
                        + "libgodwit-ram-handover.so, that it maps this file with share=on, and its log");
            }
        }
    }

    private JsonNode parse(String message) throws IOException {
        try {
            JsonNode regions = JSON.readTree(message);
            if (regions.isArray() && regions.size() == 1 && regions.get(0).isObject()) {
                return regions.get(0);
            }
        } catch (JsonProcessingException malformed) {
            throw new IOException("VM " + vmId + ": the hand-over of its RAM is not JSON: " + message, malformed);
        }
        throw new IOException("VM " + vmId + ": the hand-over of its RAM is not an array of one region: " + message);
    }

    private void requireSame(JsonNode region, RamMapping mapping) throws IOException {
        requireField(region, "base_host_virt_addr", mapping.address());
        requireField(region, "size", ramBytes);
        requireField(region, "offset", 0);
        requireField(region, "page_size", Pages.PAGE_BYTES);
    }

    private void requireField(JsonNode region, String field, long expected) throws IOException {
        JsonNode value = region.path(field);
        if (!value.isIntegralNumber() || value.longValue() != expected) {
            throw new IOException("VM " + vmId + ": the hand-over of its RAM says " + field + " "
                    + (value.isMissingNode() ? "nothing" : value) + ", expected " + expected);
        }
    }

    /** Stops listening and removes the socket; a VMM that still waits ends. A second call does nothing. */
    @Override
    public void close() throws IOException {
        server.close();
        Files.deleteIfExists(socket);
    }
}
