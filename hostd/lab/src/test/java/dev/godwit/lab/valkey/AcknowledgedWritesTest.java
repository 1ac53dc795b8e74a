package dev.godwit.lab.valkey;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class AcknowledgedWritesTest {
    private static final Duration SOON = Duration.ofMinutes(1);

    private final Map<String, String> store = new ConcurrentHashMap<>();
    private final Set<Socket> connections = ConcurrentHashMap.newKeySet();
    private ServerSocket server;

    @BeforeEach
    void startAServer() throws IOException {
        server = new ServerSocket(0, 16, InetAddress.getLoopbackAddress());
        Thread.ofPlatform().daemon().start(() -> {
            try {
                while (true) {
                    Socket connection = server.accept();
                    connection.setTcpNoDelay(true); // two answers a write: the second would wait for an acknowledgement
                    connections.add(connection);
                    Thread.ofPlatform().daemon().start(() -> serve(connection));
                }
            } catch (IOException closed) {
                // the test is over
            }
        });
    }

    @AfterEach
    void endTheServer() throws IOException {
        server.close();
    }

    @Test
    void whatIsThereInTheEndIsNotLost() throws Exception {
        try (AcknowledgedWrites writes = AcknowledgedWrites.start(address(), 3, 1000)) {
            await().atMost(SOON).until(() -> writes.acknowledged() > 1500);
            AcknowledgedWrites.Outcome outcome = writes.finish();
            assertThat(outcome.problems()).isEmpty();
            assertThat(outcome.lost()).isZero();
            assertThat(outcome.acknowledged()).isGreaterThan(1500);
        }
    }

    @Test
    void anAcknowledgedWriteThatIsGoneIsLost() throws Exception {
        try (AcknowledgedWrites writes = AcknowledgedWrites.start(address(), 1, 1000)) {
            await().atMost(SOON).until(() -> writes.acknowledged() > 600);
            store.remove("godwit:write:0:17");
            store.put("godwit:write:0:512", "511");
            assertThat(writes.finish().lost()).isEqualTo(2);
        }
    }

    @Test
    void aServerThatFellBackAnswersOutOfSequence() throws Exception {
        try (AcknowledgedWrites writes = AcknowledgedWrites.start(address(), 1, 1000)) {
            await().atMost(SOON).until(() -> writes.acknowledged() > 50);
            store.put("godwit:count:0", "3");
            await().atMost(SOON).until(() -> "4".equals(store.get("godwit:count:0")));
            assertThat(writes.finish().problems()).singleElement().asString().contains("the server answers [4, OK]");
        }
    }

    @Test
    void aConnectionThatBreaksIsAProblemAndIsNotMadeAnew() throws Exception {
        try (AcknowledgedWrites writes = AcknowledgedWrites.start(address(), 2, 1000)) {
            await().atMost(SOON).until(() -> writes.acknowledged() > 50);
            connections.iterator().next().close();
            await().atMost(SOON).until(() -> connections.stream().anyMatch(Socket::isClosed));
            long before = writes.acknowledged();
            await().atMost(SOON).until(() -> writes.acknowledged() > before + 50);
            assertThat(connections).hasSize(2);
            assertThat(writes.finish().problems()).hasSize(1);
        }
    }

    private InetSocketAddress address() {
        return new InetSocketAddress(server.getInetAddress(), server.getLocalPort());
    }

    private void serve(Socket connection) {
        try (connection) {
            BufferedReader in =
                    new BufferedReader(new InputStreamReader(connection.getInputStream(), StandardCharsets.UTF_8));
            OutputStream out = connection.getOutputStream();
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                List<String> words = new ArrayList<>();
                for (int i = Integer.parseInt(line.substring(1)); i > 0; i--) {
                    in.readLine();
                    words.add(in.readLine());
                }
                out.write(answer(words).getBytes(StandardCharsets.UTF_8));
            }
        } catch (IOException closed) {
            // the writer sees it
        }
    }

    private String answer(List<String> words) {
        return switch (words.getFirst()) {
            case "INCR" ->
                ":" + store.merge(words.get(1), "1", (old, one) -> Long.toString(Long.parseLong(old) + 1)) + "\r\n";
            case "SET" -> {
                store.put(words.get(1), words.get(2));
                yield "+OK\r\n";
            }
            case "GET" -> bulk(words.get(1));
            default -> {
                StringBuilder all = new StringBuilder("*" + (words.size() - 1) + "\r\n");
                words.stream().skip(1).forEach(key -> all.append(bulk(key)));
                yield all.toString();
            }
        };
    }

    private String bulk(String key) {
        String value = store.get(key);
        return value == null ? "$-1\r\n" : "$" + value.length() + "\r\n" + value + "\r\n";
    }
}
