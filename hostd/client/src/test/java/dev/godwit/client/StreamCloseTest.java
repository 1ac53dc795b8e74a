package dev.godwit.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A stream that is closed keeps no connection, against a server that begins each stream and then says nothing. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class StreamCloseTest {
    private static final String OUTPUT =
            "event: output\ndata: {\"stream\":\"stdout\",\"offset\":0,\"data\":\"aGk=\"}\n\n";

    private static final String EVENT = "event: event\ndata: {\"id\":\"host-a.1\",\"time\":\"2026-11-24T12:00:00Z\","
            + "\"type\":\"running\",\"vm\":\"vm-1\",\"host\":\"host-a\"}\n\n";

    private final ServerSocket server;
    private final List<Socket> accepted = new CopyOnWriteArrayList<>();
    private final CountDownLatch asked = new CountDownLatch(1);
    private final Endpoints endpoints;

    StreamCloseTest() throws IOException {
        server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        endpoints = new Endpoints(
                List.of(Endpoint.parse("http://127.0.0.1:" + server.getLocalPort())), Timeouts.usual(), null);
    }

    @AfterEach
    void close() throws IOException {
        endpoints.close();
        server.close();
        for (Socket socket : accepted) {
            socket.close();
        }
    }

    /** Begins an answer with these bytes, and never ends it. */
    private void serve(String body) {
        Thread thread = new Thread(
                () -> {
                    while (!server.isClosed()) {
                        try {
                            Socket socket = server.accept();
                            accepted.add(socket);
                            socket.getInputStream().read(new byte[64 * 1024]);
                            asked.countDown();
                            socket.getOutputStream().write(answer(body).getBytes(StandardCharsets.UTF_8));
                        } catch (IOException over) {
                            return; // the test is over
                        }
                    }
                },
                "silent server");
        thread.setDaemon(true);
        thread.start();
    }

    private static String answer(String body) {
        String head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
        return body.isEmpty() ? head : head + Integer.toHexString(body.length()) + "\r\n" + body + "\r\n";
    }

    private ExecStream exec() {
        return new ExecStream(endpoints, Timeouts.usual(), "/v1/vms/vm-1/exec/e-1", 0, 0);
    }

    private EventStream events() {
        return new EventStream(endpoints, Timeouts.usual(), null);
    }

    private interface Reading {
        @Nullable
        Object next() throws IOException;
    }

    /** A thread that waits for more than there is. */
    private static CompletableFuture<Object> reader(Reading stream) {
        return CompletableFuture.supplyAsync(() -> {
            try {
                return String.valueOf(stream.next());
            } catch (IOException e) {
                throw new java.util.concurrent.CompletionException(e);
            }
        });
    }

    private static void assertWoken(CompletableFuture<Object> reader) {
        assertThatThrownBy(() -> reader.get(30, TimeUnit.SECONDS))
                .isInstanceOf(ExecutionException.class)
                .hasCauseInstanceOf(InterruptedIOException.class)
                .hasMessageContaining("the stream was closed");
    }

    /** While a reader waits for more. */
    private void assertClosedFromOutsideKeepsNoConnection(Reading reading, AutoCloseable stream) throws Exception {
        assertThat(endpoints.openConnections()).isEqualTo(1);
        CompletableFuture<Object> reader = reader(reading);
        stream.close();
        assertWoken(reader);
        assertThat(endpoints.openConnections()).isZero();
    }

    @Test
    void aReaderOfOutputThatIsClosedFromOutsideKeepsNoConnection() throws Exception {
        serve(OUTPUT);
        ExecStream stream = exec();
        assertThat(stream.next()).isNotNull();
        assertClosedFromOutsideKeepsNoConnection(stream::next, stream);
    }

    @Test
    void aReaderOfEventsThatIsClosedFromOutsideKeepsNoConnection() throws Exception {
        serve(EVENT);
        EventStream stream = events();
        assertThat(stream.next().id()).isEqualTo("host-a.1");
        assertClosedFromOutsideKeepsNoConnection(stream::next, stream);
    }

    @Test
    void aStreamClosedBetweenTwoReadsKeepsNoConnection() throws Exception {
        serve(OUTPUT);
        ExecStream stream = exec();
        assertThat(stream.next()).isNotNull();
        stream.close();
        assertThat(endpoints.openConnections()).isZero();
        assertThatThrownBy(stream::next).isInstanceOf(InterruptedIOException.class);
    }

    @Test
    void aStreamClosedBeforeItsFirstEventKeepsNoConnection() throws Exception {
        serve("");
        EventStream stream = events();
        CompletableFuture<Object> reader = reader(stream::next);
        asked.await();
        stream.close();
        assertWoken(reader);
        assertThat(endpoints.openConnections()).isZero();
    }

    @Test
    void anEndedCommandKeepsNoConnection() throws Exception {
        serve(OUTPUT + "event: end\ndata: {\"exit\":0}\n\n");
        ExecStream stream = exec();
        assertThat(stream.next()).isNotNull();
        assertThat(stream.next()).isNull();
        assertThat(endpoints.openConnections()).isZero();
    }
}
