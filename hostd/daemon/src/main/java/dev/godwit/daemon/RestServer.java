package dev.godwit.daemon;

import dev.godwit.api.Problem;
import dev.godwit.api.ProblemCode;
import io.helidon.http.DirectHandler;
import io.helidon.http.HeaderNames;
import io.helidon.http.Status;
import io.helidon.webserver.ListenerConfig;
import io.helidon.webserver.WebServer;
import io.helidon.webserver.WebServerConfig;
import io.helidon.webserver.http.DirectHandlers;
import io.helidon.webserver.http1.Http1Config;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The listeners: a unix socket, and a TCP address where one is configured, behind a {@link RestDoor} with TLS. */
final class RestServer implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(RestServer.class);

    private static final String TCP = "tcp";
    private static final String TLS = "tls";

    /** A browser's worth of clients times a fleet; each holds one virtual thread and one descriptor. */
    private static final int CONNECTIONS_MAX = 2048;

    /** Requests in flight get this long at a stop; streams end at once, because their sources are closed first. */
    private static final Duration GRACE = Duration.ofSeconds(2);

    /** A connection that asks nothing for this long is closed; clients connect again by themselves. */
    private static final Duration IDLE = Duration.ofMinutes(5);

    /** Paths of files in a guest stand in the query. */
    private static final int PROLOGUE_BYTES_MAX = 16 * 1024;

    /** A chain of causes may be a ring. */
    private static final int CAUSES_MAX = 20;

    private final Path socket;
    private final WebServer server;
    private final @Nullable Object socketIdentity;
    private final @Nullable RestDoor door;

    private RestServer(Path socket, WebServer server, @Nullable Object socketIdentity, @Nullable RestDoor door) {
        this.socket = socket;
        this.server = server;
        this.socketIdentity = socketIdentity;
        this.door = door;
    }

    /**
     * What ends TLS before the server.
     *
     * @param inside the server's socket for it, in a directory that only root may enter
     */
    record Tls(HostTls host, Guests guests, Path inside) {}

    /**
     * Listens. The unix socket is bound under another name, given mode 0660, and only then renamed to {@code socket}: nobody
     * can connect to it before, and a stale one is replaced in one step.
     *
     * @param tls how {@code tcp} is served; null: without TLS
     */
    static RestServer start(RestApi api, Path socket, Optional<InetSocketAddress> tcp, @Nullable Tls tls)
            throws IOException {
        Path unannounced = socket.resolveSibling(socket.getFileName() + ".new");
        Files.createDirectories(socket.toAbsolutePath().getParent());
        Files.deleteIfExists(unannounced);
        WebServerConfig.Builder builder = WebServer.builder()
                .shutdownHook(false)
                .bindAddress(UnixDomainSocketAddress.of(unannounced))
                .routing(api.routing());
        limit(builder);
        if (tls != null && tcp.isPresent()) {
            makePrivate(tls.inside());
            ListenerConfig.Builder listener = ListenerConfig.builder()
                    .bindAddress(UnixDomainSocketAddress.of(tls.inside()))
                    .enableProxyProtocol(true)
                    .routing(api.routing());
            limit(listener);
            builder.putSocket(TLS, listener.build());
        } else {
            tcp.ifPresent(address -> {
                ListenerConfig.Builder listener =
                        ListenerConfig.builder().bindAddress(address).routing(api.routing());
                limit(listener);
                builder.putSocket(TCP, listener.build());
            });
        }
        WebServer server;
        try {
            server = builder.build().start();
        } catch (RuntimeException e) {
            throw new IOException(
                    "Could not listen on " + socket
                            + tcp.map(address -> " and " + address).orElse("") + ": " + rootMessage(e)
                            + ". Is another hostd running, or the address another machine's?",
                    e);
        }
        Files.setPosixFilePermissions(unannounced, PosixFilePermissions.fromString("rw-rw----"));
        Object identity = Files.getAttribute(unannounced, "unix:ino");
        Files.move(unannounced, socket, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        RestDoor door = null;
        if (tls != null && tcp.isPresent()) {
            try {
                door = RestDoor.open(tcp.get(), tls.inside(), tls.host(), tls.guests());
            } catch (IOException e) {
                server.stop();
                throw e;
            }
        }
        RestServer started = new RestServer(socket, server, identity, door);
        LOG.info(
                "REST on {}{}",
                socket,
                tcp.map(address -> " and " + address.getHostString() + ":" + started.tcpPort())
                        .orElse(""));
        return started;
    }

    /** Its socket's mode comes too late: whoever connects to it may name himself. */
    private static void makePrivate(Path inside) throws IOException {
        Path directory = inside.toAbsolutePath().getParent();
        Files.createDirectories(directory);
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwx------"));
        Files.deleteIfExists(inside);
    }

    /** The TCP port in use, -1 without a TCP address. */
    int tcpPort() {
        return door == null ? server.port(TCP) : door.port();
    }

    private static void limit(ListenerConfig.BuilderBase<?, ?> listener) {
        listener.maxTcpConnections(CONNECTIONS_MAX)
                .shutdownGracePeriod(GRACE)
                .idleConnectionTimeout(IDLE)
                .maxPayloadSize(Bodies.FILE_BYTES_MAX)
                .addProtocol(Http1Config.builder()
                        .maxPrologueLength(PROLOGUE_BYTES_MAX)
                        .build())
                .directHandlers(unreadable());
    }

    /** What the server itself refuses, before there is a route: garbage, too long lines, wrong versions. */
    private static DirectHandlers unreadable() {
        DirectHandlers.Builder handlers = DirectHandlers.builder();
        for (DirectHandler.EventType type : DirectHandler.EventType.values()) {
            handlers.addHandler(type, (request, event, status, headers, message) -> {
                ProblemCode code = switch (event) {
                    case PAYLOAD_TOO_LARGE -> ProblemCode.TOO_LARGE;
                    case INTERNAL_ERROR -> ProblemCode.INTERNAL;
                    default -> ProblemCode.BAD_REQUEST;
                };
                String detail = "The request could not be read as HTTP/1.1: "
                        + (message == null || message.isBlank() ? status.reasonPhrase() : message) + ".";
                headers.set(HeaderNames.CONTENT_TYPE, Problem.MEDIA_TYPE);
                return DirectHandler.TransportResponse.builder()
                        .status(Status.create(code.status()))
                        .headers(headers)
                        .keepAlive(false)
                        .entity(Json.bytes(Problem.of(code, detail)))
                        .build();
            });
        }
        return handlers.build();
    }

    private static String rootMessage(Throwable failure) {
        Throwable root = failure;
        for (int i = 0; root.getCause() != null && i < CAUSES_MAX; i++) {
            root = root.getCause();
        }
        return root.getMessage() == null ? root.getClass().getSimpleName() : root.getMessage();
    }

    /** Removes the socket file only while it is this server's: a successor may have put its own there. */
    @Override
    public void close() throws IOException {
        if (Files.exists(socket) && Files.getAttribute(socket, "unix:ino").equals(socketIdentity)) {
            Files.delete(socket);
        }
        if (door != null) {
            door.close();
        }
        server.stop();
    }
}
