package dev.godwit.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.godwit.api.ExecRequest;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.net.SocketTimeoutException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What an HTTP client asks of a socket, from one that leads to a unix socket. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class UnixSocketTest {
    /** An HTTP client looks whether a connection still lives once it was idle for 10 s. */
    private static final long IDLE_MILLIS = 10_500;

    @TempDir
    Path directory;

    private ServerSocketChannel server;
    private UnixSocket socket;

    @BeforeEach
    void open() throws IOException {
        Path path = directory.resolve("s");
        server = ServerSocketChannel.open(StandardProtocolFamily.UNIX).bind(UnixDomainSocketAddress.of(path));
        socket = new UnixSocket(path);
    }

    @AfterEach
    void close() throws IOException {
        socket.close();
        server.close();
    }

    private SocketChannel connected() throws IOException {
        socket.connect(socket.getRemoteSocketAddress());
        return server.accept();
    }

    @Test
    void aReadEndsWithItsTimeoutAndTheSocketServesOn() throws Exception {
        try (SocketChannel peer = connected()) {
            socket.setSoTimeout(1);
            assertThatThrownBy(() -> socket.getInputStream().read()).isInstanceOf(SocketTimeoutException.class);
            socket.setSoTimeout(0);
            peer.write(ByteBuffer.wrap(new byte[] {7}));
            assertThat(socket.getInputStream().read()).isEqualTo(7);
        }
        socket.setSoTimeout(1);
        assertThat(socket.getInputStream().read()).isEqualTo(-1);
    }

    @Test
    void aReadWithoutATimeoutWaitsForWhatComes() throws Exception {
        try (SocketChannel peer = connected()) {
            CompletableFuture<Integer> read = reading(socket.getInputStream());
            peer.write(ByteBuffer.wrap(new byte[] {9}));
            assertThat(read.get()).isEqualTo(9);
        }
    }

    private static Thread beside(Runnable work) {
        Thread thread = new Thread(work, "beside the test");
        thread.setDaemon(true);
        thread.start();
        return thread;
    }

    private static CompletableFuture<Integer> reading(InputStream in) {
        CompletableFuture<Integer> read = new CompletableFuture<>();
        beside(() -> {
            try {
                read.complete(in.read());
            } catch (IOException e) {
                read.completeExceptionally(e);
            }
        });
        return read;
    }

    @Test
    void aCloseEndsAReadThatWaits() throws Exception {
        try (SocketChannel peer = connected()) {
            CompletableFuture<Integer> read = reading(socket.getInputStream());
            socket.close();
            assertThat(catchThrowable(read::get)).hasCauseInstanceOf(IOException.class);
            assertThat(peer.read(ByteBuffer.allocate(1))).isEqualTo(-1);
        }
    }

    @Test
    void anInterruptEndsAReadThatWaitsAndClosesTheSocket() throws Exception {
        try (SocketChannel peer = connected()) {
            CompletableFuture<Throwable> end = new CompletableFuture<>();
            Thread reader = beside(() ->
                    end.complete(catchThrowable(() -> socket.getInputStream().read())));
            reader.interrupt();
            assertThat(end.get()).isInstanceOf(ClosedByInterruptException.class);
            assertThat(socket.isClosed()).isTrue();
            assertThat(peer.read(ByteBuffer.allocate(1))).isEqualTo(-1);
        }
    }

    @Test
    void moreThanTheSocketHoldsIsWrittenWhole() throws Exception {
        byte[] bytes = new byte[5_000_000];
        new Random(3).nextBytes(bytes);
        try (SocketChannel peer = connected()) {
            CompletableFuture<Void> written = CompletableFuture.runAsync(() -> {
                try {
                    socket.getOutputStream().write(bytes);
                } catch (IOException e) {
                    throw new java.io.UncheckedIOException(e);
                }
            });
            ByteBuffer came = ByteBuffer.allocate(bytes.length);
            while (came.hasRemaining()) {
                peer.read(came);
            }
            written.get();
            assertThat(came.array()).isEqualTo(bytes);
        }
    }

    /** The host says one thing and falls silent, each time. */
    @Test
    void aStreamThatFallsSilentIsAskedForAgainAndACloseEndsItsReader() throws Exception {
        List<SocketChannel> connections = new CopyOnWriteArrayList<>();
        beside(() -> beginEvents(connections));
        Timeouts timeouts = Timeouts.usual().withSilence(Duration.ofSeconds(1));
        try (GodwitClient client =
                        new GodwitClient(List.of(Endpoint.parse("unix:" + directory.resolve("s"))), timeouts);
                EventStream events = client.events()) {
            assertThat(events.next().id()).isEqualTo("host-a.1");
            assertThat(events.next().id()).isEqualTo("host-a.2");
            assertThat(connections).hasSize(2);
        }
        try (GodwitClient client =
                new GodwitClient(List.of(Endpoint.parse("unix:" + directory.resolve("s"))), Timeouts.usual())) {
            EventStream events = client.events();
            assertThat(events.next().id()).isEqualTo("host-a.3");
            CompletableFuture<Throwable> end = new CompletableFuture<>();
            beside(() -> end.complete(catchThrowable(events::next)));
            events.close();
            assertThat(end.get()).isInstanceOf(InterruptedIOException.class).hasMessageContaining("closed");
        }
    }

    private void beginEvents(List<SocketChannel> connections) {
        while (server.isOpen()) {
            try {
                SocketChannel client = server.accept();
                client.read(ByteBuffer.allocate(64 * 1024));
                connections.add(client);
                String event = "event: event\ndata: {\"id\":\"host-a." + connections.size()
                        + "\",\"time\":\"2026-11-24T12:00:00Z\",\"type\":\"running\",\"vm\":\"vm-1\",\"host\":\"host-a\"}\n\n";
                client.write(StandardCharsets.ISO_8859_1.encode(
                        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
                                + Integer.toHexString(event.length()) + "\r\n" + event + "\r\n"));
            } catch (IOException over) {
                return; // the test is over
            }
        }
    }

    /** A request that is never repeated goes out once, over the connection that was idle. */
    @Test
    void aConnectionThatWasIdleTakesTheNextCommand() throws Exception {
        List<String> requests = new CopyOnWriteArrayList<>();
        List<SocketChannel> connections = new CopyOnWriteArrayList<>();
        beside(() -> serve(requests, connections));
        try (GodwitClient client =
                new GodwitClient(List.of(Endpoint.parse("unix:" + directory.resolve("s"))), Timeouts.usual())) {
            assertThat(client.startExec("build", ExecRequest.of("one"))).isEqualTo("e1");
            Thread.sleep(IDLE_MILLIS);
            assertThat(client.startExec("build", ExecRequest.of("two"))).isEqualTo("e2");
        }
        assertThat(requests).hasSize(2);
        assertThat(connections).hasSize(1);
    }

    private void serve(List<String> requests, List<SocketChannel> connections) {
        while (server.isOpen()) {
            try (SocketChannel client = server.accept()) {
                connections.add(client);
                ByteBuffer buffer = ByteBuffer.allocate(64 * 1024);
                StringBuilder request = new StringBuilder();
                while (client.read(buffer.clear()) >= 0) {
                    request.append(StandardCharsets.ISO_8859_1.decode(buffer.flip()));
                    if (request.charAt(request.length() - 1) == '}') {
                        requests.add(request.toString());
                        request.setLength(0);
                        String body = "{\"execId\":\"e" + requests.size() + "\"}";
                        client.write(StandardCharsets.ISO_8859_1.encode(
                                "HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: "
                                        + body.length() + "\r\n\r\n" + body));
                    }
                }
            } catch (IOException over) {
                return; // the test is over
            }
        }
    }
}
