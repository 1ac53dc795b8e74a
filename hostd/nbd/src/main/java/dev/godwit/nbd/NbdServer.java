package dev.godwit.nbd;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Serves exports on a unix socket by the NBD protocol: fixed newstyle, structured replies, FLUSH, FUA, TRIM,
 * WRITE_ZEROES and block status. Source: NetworkBlockDevice/nbd, doc/proto.md.
 *
 * <p>Thread-safe.
 */
public final class NbdServer implements AutoCloseable {
    /** A VM has one connection, two while it moves; more than this is a client gone mad. */
    private static final int CONNECTIONS_MAX = 128;
    /** A client on the same machine negotiates in milliseconds. */
    private static final Duration HANDSHAKE_MAX = Duration.ofSeconds(10);
    /** What is in flight ends when the medium answers; then the client is told. */
    static final Duration FINISH_MAX = Duration.ofSeconds(30);
    /** A connection that can't be accepted (no descriptor left) is tried again at this pace. */
    private static final Duration ACCEPT_RETRY = Duration.ofMillis(100);

    private static final ThreadFactory READERS =
            Thread.ofPlatform().daemon().name("nbd").factory();

    private static final Logger log = LoggerFactory.getLogger(NbdServer.class);

    private final Path socket;
    private final @Nullable Object socketKey;
    private final ServerSocketChannel listener;
    private final Map<String, NbdExport> exports = new TreeMap<>();
    private final Set<Connection> connections = ConcurrentHashMap.newKeySet();
    private final ScheduledExecutorService watch = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("nbd-watch").factory());
    private final ThreadFactory readers;
    private final Object life = new Object();
    private boolean closed;
    private int accepted;

    private NbdServer(Path socket, ServerSocketChannel listener, ThreadFactory readers) throws IOException {
        this.socket = socket;
        this.listener = listener;
        this.readers = readers;
        this.socketKey = Files.readAttributes(socket, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS)
                .fileKey();
    }

    /** Listens on a socket that this process's user and group may use (mode 0660). */
    public static NbdServer listen(Path socket) throws IOException {
        return listen(socket, null, READERS);
    }

    /** Listens on a socket that belongs to {@code ownerUid}, the user of the VMM (mode 0660). */
    public static NbdServer listen(Path socket, int ownerUid) throws IOException {
        return listen(socket, Integer.valueOf(ownerUid), READERS);
    }

    /** The socket appears under its name at once with its rights, in the place of one that a dead process left. */
    static NbdServer listen(Path socket, @Nullable Integer ownerUid, ThreadFactory readers) throws IOException {
        Path fresh = socket.resolveSibling(socket.getFileName() + ".new");
        Files.deleteIfExists(fresh);
        ServerSocketChannel listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        try {
            listener.bind(UnixDomainSocketAddress.of(fresh));
            if (ownerUid != null) {
                Files.setAttribute(fresh, "unix:uid", ownerUid);
            }
            Files.setPosixFilePermissions(fresh, PosixFilePermissions.fromString("rw-rw----"));
            Files.move(fresh, socket, StandardCopyOption.ATOMIC_MOVE);
            NbdServer server = new NbdServer(socket, listener, readers);
            Thread.ofPlatform().daemon().name("nbd-accept").start(server::accept);
            return server;
        } catch (IOException | RuntimeException failed) {
            listener.close();
            throw failed;
        }
    }

    /**
     * Offers an export.
     *
     * @throws IllegalStateException the name is taken
     */
    public void export(NbdExport export) {
        synchronized (exports) {
            if (exports.putIfAbsent(export.name(), export) != null) {
                throw new IllegalStateException("export " + export.name() + " exists on " + socket
                        + "; withdraw it first, or choose another name");
            }
        }
    }

    /**
     * Takes an export back: its clients' requests that arrived are answered, then they are disconnected; when the call
     * returns no client touches the device any more. An unknown name is none to take back.
     */
    public void withdraw(String name) {
        NbdExport export;
        synchronized (exports) {
            export = exports.remove(name);
        }
        if (export == null) {
            return;
        }
        finish(connections.stream().filter(c -> c.serves(export)).toList());
    }

    /** How many clients are connected. */
    public int connectionCount() {
        return connections.size();
    }

    /** Answers what has arrived, disconnects the clients and removes the socket, if it is still this server's. */
    @Override
    public void close() throws IOException {
        listener.close();
        if (isOurs()) {
            Files.deleteIfExists(socket);
        }
        synchronized (life) {
            closed = true;
        }
        finish(List.copyOf(connections));
        watch.shutdownNow();
    }

    private boolean isOurs() throws IOException {
        return Files.exists(socket, LinkOption.NOFOLLOW_LINKS)
                && Objects.equals(
                        socketKey,
                        Files.readAttributes(socket, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS)
                                .fileKey());
    }

    private static void finish(List<Connection> leaving) {
        leaving.forEach(Connection::finish);
        leaving.forEach(connection -> connection.awaitEnd(FINISH_MAX));
    }

    private void accept() {
        while (listener.isOpen()) {
            try {
                serve(listener.accept());
            } catch (ClosedChannelException closed) {
                return;
            } catch (IOException | OutOfMemoryError failed) {
                // No thread can be made, or no memory is left: that of this client alone, when others end.
                log.warn("accept on {}: {}", socket, failed.toString());
                LockSupport.parkNanos(ACCEPT_RETRY.toNanos());
            }
        }
    }

    private void serve(SocketChannel channel) throws IOException {
        boolean served = false;
        try {
            served = begin(channel);
        } finally {
            if (!served) {
                channel.close();
            }
        }
    }

    private boolean begin(SocketChannel channel) {
        if (connections.size() >= CONNECTIONS_MAX) {
            log.warn("a client of {} is turned away: {} are connected", socket, CONNECTIONS_MAX);
            return false;
        }
        synchronized (life) {
            if (closed) {
                return false;
            }
            int number = ++accepted;
            Connection connection = new Connection(number, channel);
            connections.add(connection);
            ScheduledFuture<?> limit = null;
            boolean started = false;
            try {
                ScheduledFuture<?> cut =
                        watch.schedule(() -> cutSilent(connection), HANDSHAKE_MAX.toMillis(), TimeUnit.MILLISECONDS);
                limit = cut;
                Thread reader = readers.newThread(() -> run(connection, cut));
                reader.setName("nbd-" + number);
                reader.start();
                started = true;
            } finally {
                if (!started) {
                    if (limit != null) {
                        limit.cancel(false);
                    }
                    connections.remove(connection);
                    connection.end();
                }
            }
        }
        return true;
    }

    private void run(Connection connection, ScheduledFuture<?> limit) {
        try {
            connection.run(new ExportsOf(connection));
        } finally {
            limit.cancel(false);
            connections.remove(connection);
        }
    }

    private static void cutSilent(Connection connection) {
        if (!connection.isNegotiated()) {
            log.warn("an nbd client did not finish its negotiation within {} s", HANDSHAKE_MAX.toSeconds());
            connection.closeNow();
        }
    }

    private final class ExportsOf implements Handshake.Exports {
        private final Connection connection;

        ExportsOf(Connection connection) {
            this.connection = connection;
        }

        @Override
        public Collection<String> names() {
            synchronized (exports) {
                return List.copyOf(exports.keySet());
            }
        }

        @Override
        public @Nullable NbdExport find(String name) {
            synchronized (exports) {
                if (name.isEmpty() && exports.size() == 1) {
                    return exports.values().iterator().next();
                }
                return exports.get(name);
            }
        }

        @Override
        public boolean attach(NbdExport export) {
            synchronized (exports) {
                boolean offered = exports.get(export.name()) == export;
                if (offered) {
                    connection.attach(export);
                }
                return offered;
            }
        }
    }
}
