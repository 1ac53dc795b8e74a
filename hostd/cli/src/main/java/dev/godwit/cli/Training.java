package dev.godwit.cli;

import dev.godwit.tls.Credentials;
import dev.godwit.tls.FleetTls;
import dev.godwit.tls.FleetTrust;
import dev.godwit.tls.Revocations;
import dev.godwit.tls.Role;
import dev.godwit.tls.TlsChannel;
import dev.godwit.tls.TlsFiles;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;
import java.util.Set;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;

/**
 * {@code godwit --train}: runs the common commands against itself over a unix socket, so that the JVM that makes the
 * ahead-of-time cache sees the classes they need. Nothing of it is used otherwise.
 */
final class Training {
    private Training() {}

    private static final int REQUEST_BYTES_MAX = 64 * 1024;

    private static final String VM = """
            {"id":"vm-1","name":"build-1","state":"running","host":"host-a","fence":1,"image":"sha256:00","vcpus":1,\
            "memoryMib":512,"diskMib":4096,"address":"10.77.0.2"}""";

    private static final String OUTPUT = """
            : alive

            event: output
            data: {"stream":"stdout","offset":0,"data":"aGVsbG8K"}

            event: end
            data: {"exit":0}

            """;

    private static final List<List<String>> COMMANDS = List.of(
            List.of("--version"),
            List.of("vm", "list"),
            List.of("--json", "vm", "list"),
            List.of("vm", "show", "build-1"),
            List.of("vm", "exec", "build-1", "--env", "A=B", "--", "true"),
            List.of("vm", "show", "none"),
            List.of("--help"));

    /** @param identities directory with the identities {@code server} and {@code client}; null: without TLS */
    static int run(PrintStream out, @Nullable String identities) throws IOException {
        Path directory = Files.createTempDirectory("godwit-train");
        Path socket = directory.resolve("s");
        try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            server.bind(UnixDomainSocketAddress.of(socket));
            Thread answers = new Thread(() -> serve(server), "training");
            answers.setDaemon(true);
            answers.start();
            PrintStream nowhere = new PrintStream(PrintStream.nullOutputStream());
            for (List<String> command : COMMANDS) {
                Godwit.Environment environment = new Godwit.Environment("unix:" + socket, null);
                if (!good(Godwit.run(command, environment, InputStream.nullInputStream(), nowhere, nowhere))) {
                    out.println("training failed: godwit " + String.join(" ", command));
                    return Failure.FAILED;
                }
            }
            if (identities != null) {
                return overTls(out, nowhere, Path.of(identities));
            }
        } finally {
            Files.deleteIfExists(socket);
            Files.deleteIfExists(directory);
        }
        return Failure.DONE;
    }

    private static boolean good(int exit) {
        return exit == Failure.DONE || exit == Failure.NOT_FOUND;
    }

    private static int overTls(PrintStream out, PrintStream nowhere, Path identities) throws IOException {
        Credentials own = Credentials.load(TlsFiles.in(identities.resolve("server")));
        FleetTrust trust = new FleetTrust(() -> own, Set.of(Role.OPERATOR), Revocations.none(), InstantSource.system());
        SSLContext context = FleetTls.context(() -> own, trust);
        try (ServerSocketChannel server =
                ServerSocketChannel.open().bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))) {
            Thread answers = new Thread(() -> serveTls(server, context), "training-tls");
            answers.setDaemon(true);
            answers.start();
            Godwit.Environment environment = new Godwit.Environment(
                    "https://127.0.0.1:" + ((InetSocketAddress) server.getLocalAddress()).getPort(),
                    identities.resolve("client").toString());
            for (List<String> command : COMMANDS) {
                PrintStream err = new PrintStream(new FileOutputStream(FileDescriptor.err), true);
                if (!good(Godwit.run(command, environment, InputStream.nullInputStream(), nowhere, err))) {
                    out.println("training over TLS failed: godwit " + String.join(" ", command));
                    return Failure.FAILED;
                }
            }
        }
        return Failure.DONE;
    }

    private static void serveTls(ServerSocketChannel server, SSLContext context) {
        while (server.isOpen()) {
            try (TlsChannel channel = new TlsChannel(server.accept(), FleetTls.server(context), 0)) {
                channel.handshake();
                channel.write(ByteBuffer.wrap(answer(request(channel)).getBytes(StandardCharsets.UTF_8)));
                channel.end();
            } catch (ClosedChannelException over) {
                return;
            } catch (IOException e) {
                throw new UncheckedIOException("could not answer the training", e);
            }
        }
    }

    private static void serve(ServerSocketChannel server) {
        while (server.isOpen()) {
            try (SocketChannel channel = server.accept()) {
                channel.write(ByteBuffer.wrap(answer(request(channel)).getBytes(StandardCharsets.UTF_8)));
            } catch (ClosedChannelException over) {
                return;
            } catch (IOException e) {
                throw new UncheckedIOException("could not answer the training", e);
            }
        }
    }

    /** Read whole: a socket that is closed with something unread is reset, and its answer lost. */
    private static String request(ReadableByteChannel channel) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(REQUEST_BYTES_MAX);
        while (channel.read(bytes) >= 0) {
            String request = new String(bytes.array(), 0, bytes.position(), StandardCharsets.ISO_8859_1);
            int head = request.indexOf("\r\n\r\n");
            int length = request.indexOf("Content-Length: ");
            int body = length < 0 || head < 0
                    ? 0
                    : Integer.parseInt(
                            request.substring(length + "Content-Length: ".length(), request.indexOf('\r', length)));
            if (head >= 0 && request.length() >= head + 4 + body) {
                return request;
            }
        }
        throw new IOException("the training's request broke off");
    }

    private static String answer(String request) {
        if (request.contains("/output")) {
            return chunked("200 OK", "text/event-stream", OUTPUT);
        }
        if (request.startsWith("POST") && request.contains("/stdin")) {
            return sized("200 OK", "{\"nextOffset\":0}");
        }
        if (request.startsWith("POST")) {
            return sized("201 Created", "{\"execId\":\"1\"}");
        }
        if (request.contains("/v1/vms/none")) {
            return sized("404 Not Found", "{\"detail\":\"There is no VM \\\"none\\\".\",\"code\":\"not-found\"}");
        }
        return sized("200 OK", request.contains("/v1/vms/") ? VM : "[" + VM + "]");
    }

    private static String sized(String status, String body) {
        return "HTTP/1.1 " + status + "\r\nContent-Type: application/json\r\nContent-Length: "
                + body.getBytes(StandardCharsets.UTF_8).length + "\r\n\r\n" + body;
    }

    private static String chunked(String status, String type, String body) {
        return "HTTP/1.1 " + status + "\r\nContent-Type: " + type + "\r\nTransfer-Encoding: chunked\r\n\r\n"
                + Integer.toHexString(body.getBytes(StandardCharsets.UTF_8).length) + "\r\n" + body + "\r\n0\r\n\r\n";
    }
}
