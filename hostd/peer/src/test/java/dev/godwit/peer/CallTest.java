package dev.godwit.peer;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.IOException;
import java.net.SocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CallTest {
    private static final Duration LONG = Duration.ofSeconds(20);
    private static final StreamHandler NO_STREAMS = (from, id, hello) -> {
        throw new PeerRefused("no", "no streams here");
    };

    private static PeerLink link(SocketAddress to) {
        return new PeerLink(to, "host-a", Ports.quick(), PeerSockets.plain());
    }

    private static byte[] call(PeerLink link, String method, String json) throws IOException {
        return link.call(method, json.getBytes(UTF_8), LONG);
    }

    @Test
    void theAnswerComesBackWithWhoAskedAndWhat() throws Exception {
        CallHandler echo =
                (from, method, json) -> (from + " " + method + " " + new String(json, UTF_8)).getBytes(UTF_8);
        try (PeerServer server = Ports.server(echo, NO_STREAMS, Ports.quick());
                PeerLink link = link(server.address())) {
            assertThat(call(link, "reserve", "{\"a\":1}")).asString(UTF_8).isEqualTo("host-a reserve {\"a\":1}");
        }
    }

    @Test
    void aUnixSocketCarriesCallsToo(@TempDir Path directory) throws Exception {
        SocketAddress path = java.net.UnixDomainSocketAddress.of(directory.resolve("peer.sock"));
        try (PeerServer server =
                        new PeerServer(path, "b", (f, m, j) -> j, NO_STREAMS, Ports.quick(), PeerSockets.plain());
                PeerLink link = link(server.address())) {
            assertThat(call(link, "ping", "{}")).asString(UTF_8).isEqualTo("{}");
        }
    }

    @Test
    void aRefusalComesBackWithItsCodeAndSentence() throws Exception {
        CallHandler no = (from, method, json) -> {
            throw new PeerRefused("no-memory", "needs 512 MiB, 100 MiB are free\nask host-c");
        };
        try (PeerServer server = Ports.server(no, NO_STREAMS, Ports.quick());
                PeerLink link = link(server.address())) {
            PeerRefused refused = catchThrowableOfType(PeerRefused.class, () -> call(link, "reserve", "{}"));
            assertThat(refused.code()).isEqualTo("no-memory");
            assertThat(refused.sentence()).isEqualTo("needs 512 MiB, 100 MiB are free\nask host-c");
        }
    }

    @Test
    void aHandlerThatBreaksIsARefusalAndTheConnectionLives() throws Exception {
        CallHandler broken = (from, method, json) -> {
            if (method.equals("break")) {
                throw new IllegalStateException("a bug");
            }
            return json;
        };
        try (PeerServer server = Ports.server(broken, NO_STREAMS, Ports.quick());
                PeerLink link = link(server.address())) {
            assertThatThrownBy(() -> call(link, "break", "{}"))
                    .isInstanceOf(PeerRefused.class)
                    .hasMessageContaining("a bug");
            assertThat(call(link, "ping", "{}")).asString(UTF_8).isEqualTo("{}");
            assertThat(server.counters().connections()).isEqualTo(1);
        }
    }

    @Test
    void callsRunInParallelOverOneConnection() throws Exception {
        CountDownLatch all = new CountDownLatch(20);
        CallHandler meet = (from, method, json) -> {
            all.countDown();
            waitFor(all);
            return json;
        };
        try (PeerServer server = Ports.server(meet, NO_STREAMS, Ports.quick());
                PeerLink link = link(server.address());
                ExecutorService callers = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<byte[]>> answers = new ArrayList<>();
            for (int i = 0; i < 20; i++) {
                String json = "{\"i\":" + i + "}";
                answers.add(callers.submit(() -> call(link, "meet", json)));
            }
            for (int i = 0; i < 20; i++) {
                assertThat(answers.get(i).get(20, TimeUnit.SECONDS))
                        .asString(UTF_8)
                        .isEqualTo("{\"i\":" + i + "}");
            }
            assertThat(server.counters().connections()).isEqualTo(1);
        }
    }

    @Test
    void aCallMayTakeLongerThanTheSilenceTimeOut() throws Exception {
        CountDownLatch never = new CountDownLatch(1);
        CallHandler slow = (from, method, json) -> {
            try {
                never.await(1500, TimeUnit.MILLISECONDS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            return json;
        };
        try (PeerServer server = Ports.server(slow, NO_STREAMS, Ports.quick());
                PeerLink link = link(server.address())) {
            assertThat(call(link, "load", "{}")).asString(UTF_8).isEqualTo("{}");
            assertThat(server.counters().silent()).isZero();
            assertThat(server.counters().connections()).isEqualTo(1);
        }
    }

    @Test
    void aCallLostWithItsConnectionIsRepeatedAndDoneOnce() throws Exception {
        AtomicInteger done = new AtomicInteger();
        CompletableFuture<String> begun = new CompletableFuture<>();
        CountDownLatch goOn = new CountDownLatch(1);
        CallHandler once = (from, method, json) -> {
            done.incrementAndGet();
            begun.complete(method);
            waitFor(goOn);
            return "done".getBytes(UTF_8);
        };
        try (PeerServer server = Ports.server(once, NO_STREAMS, Ports.quick());
                LinkProxy proxy = new LinkProxy(server.address());
                PeerLink link = link(proxy.address());
                ExecutorService caller = Executors.newVirtualThreadPerTaskExecutor()) {
            Future<byte[]> answer = caller.submit(() -> call(link, "commit", "{}"));
            begun.get(10, TimeUnit.SECONDS);
            proxy.cut();
            org.awaitility.Awaitility.await()
                    .atMost(LONG)
                    .until(() -> server.counters().connections() == 2);
            goOn.countDown();
            assertThat(answer.get(10, TimeUnit.SECONDS)).asString(UTF_8).isEqualTo("done");
        }
        assertThat(done).hasValue(1);
    }

    @Test
    void aCallThatMustNotBeRepeatedSaysThatItMayHaveBeenDone() throws Exception {
        CompletableFuture<String> begun = new CompletableFuture<>();
        CountDownLatch goOn = new CountDownLatch(1);
        CallHandler slow = (from, method, json) -> {
            begun.complete(method);
            waitFor(goOn);
            return json;
        };
        try (PeerServer server = Ports.server(slow, NO_STREAMS, Ports.quick());
                LinkProxy proxy = new LinkProxy(server.address());
                PeerLink link = link(proxy.address());
                ExecutorService caller = Executors.newVirtualThreadPerTaskExecutor()) {
            Future<byte[]> answer = caller.submit(() -> link.callOnce("go", new byte[0], LONG));
            begun.get(10, TimeUnit.SECONDS);
            proxy.cut();
            assertThatThrownBy(() -> answer.get(10, TimeUnit.SECONDS))
                    .hasCauseInstanceOf(PeerUnreachable.class)
                    .hasMessageContaining("may or may not have been done");
            goOn.countDown();
        }
    }

    @Test
    void aPeerWhereNobodyListensIsGivenUpThoughTheCallHasAnHour() throws Exception {
        PeerServer gone = Ports.server((f, m, j) -> j, NO_STREAMS, Ports.quick());
        SocketAddress address = gone.address();
        gone.close();
        try (PeerLink link = link(address)) {
            assertThatThrownBy(() -> link.call("prepare", new byte[0], Duration.ofHours(1)))
                    .isInstanceOf(PeerUnreachable.class)
                    .hasMessageContaining("nobody listens there");
        }
    }

    @Test
    void aPeerThatIsNotThereYetIsReachedWhenItComes() throws Exception {
        PeerServer first = Ports.server((f, m, j) -> j, NO_STREAMS, Ports.quick());
        SocketAddress address = first.address();
        first.close();
        try (PeerLink link = link(address);
                ExecutorService caller = Executors.newVirtualThreadPerTaskExecutor()) {
            assertThatThrownBy(() -> link.call("ping", new byte[0], Duration.ofMillis(300)))
                    .isInstanceOf(PeerUnreachable.class)
                    .hasMessageContaining("ping")
                    .hasMessageContaining("300 ms");
            Future<byte[]> answer = caller.submit(() -> call(link, "ping", "{}"));
            try (PeerServer second =
                    new PeerServer(address, "host-b", (f, m, j) -> j, NO_STREAMS, Ports.quick(), PeerSockets.plain())) {
                assertThat(answer.get(20, TimeUnit.SECONDS)).asString(UTF_8).isEqualTo("{}");
                assertThat(second.counters().connections()).isEqualTo(1);
            }
        }
    }

    @Test
    void anAnswerThatIsTooLargeIsARefusal() throws Exception {
        CallHandler large = (from, method, json) -> new byte[PeerLimits.PAYLOAD_BYTES_MAX + 1];
        try (PeerServer server = Ports.server(large, NO_STREAMS, Ports.quick());
                PeerLink link = link(server.address())) {
            PeerRefused refused = catchThrowableOfType(PeerRefused.class, () -> call(link, "list", "{}"));
            assertThat(refused.code()).isEqualTo("answer-too-large");
        }
    }

    @Test
    void aRequestThatIsTooLargeFailsAtTheCaller() throws Exception {
        try (PeerServer server = Ports.server((f, m, j) -> j, NO_STREAMS, Ports.quick());
                PeerLink link = link(server.address())) {
            assertThatThrownBy(() -> link.call("x", new byte[PeerLimits.PAYLOAD_BYTES_MAX], LONG))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("1048576");
        }
    }

    private static void waitFor(CountDownLatch latch) {
        try {
            Recorder.await(latch);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }
}
