package dev.godwit.daemon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.awaitility.Awaitility.await;

import dev.godwit.client.GodwitClient;
import dev.godwit.client.Timeouts;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RestServerTest {
    private static final Duration BOUND = Duration.ofSeconds(60);

    @TempDir
    Path directory;

    private TestHost host;

    @BeforeEach
    void open() throws Exception {
        host = TestHost.open("host-a", new FakeFleet(), directory);
        host.createVm("web");
    }

    @AfterEach
    void close() throws Exception {
        host.close();
    }

    @Test
    void theUnixSocketIsForOwnerAndGroupOnly() throws Exception {
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(host.socket)))
                .isEqualTo("rw-rw----");
        try (GodwitClient client = new GodwitClient(List.of(host.unix()), Timeouts.usual())) {
            assertThat(client.vm("web").name()).isEqualTo("web");
        }
    }

    @Test
    void aSocketThatAKilledHostdLeftIsReplaced() throws Exception {
        host.close();
        Files.createFile(host.socket);
        host = TestHost.open("host-a", new FakeFleet(), directory);
        try (GodwitClient client = new GodwitClient(List.of(host.unix()), Timeouts.usual())) {
            assertThat(client.vms()).isEmpty();
        }
        host.close();
        assertThat(host.socket).doesNotExist();
    }

    @Test
    void theSocketOfASuccessorIsLeftAlone() throws Exception {
        Files.delete(host.socket);
        Files.createFile(host.socket);
        host.close();
        assertThat(host.socket).exists();
    }

    @Test
    void aSecondHostdOnTheSameStateIsRefused() {
        assertThat(catchThrowable(() -> TestHost.open("host-a", new FakeFleet(), directory)))
                .hasMessageContaining("Another hostd")
                .hasMessageContaining("lock");
    }

    /** Helidon answers with the header and leaves the connection open; who waits for the end would wait for ever. */
    @Test
    void aRequestThatClosesItsConnectionIsAnsweredWithALength() throws Exception {
        for (RawHttp raw : List.of(RawHttp.tcp(host.base), RawHttp.unix(host.socket))) {
            try (raw) {
                raw.send("GET /v1/vms/web HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
                String head = raw.readUntil("\r\n\r\n");
                assertThat(head).startsWith("HTTP/1.1 200").containsIgnoringCase("content-length:");
                raw.readUntil("\"name\":\"web\"");
            }
        }
    }

    @Test
    void garbageIsRefusedAndTheServerServesOn() throws Exception {
        Random random = new Random(20261124);
        List<byte[]> garbage = new ArrayList<>(List.of(
                "\r\n\r\n".getBytes(StandardCharsets.US_ASCII),
                "GET\r\n\r\n".getBytes(StandardCharsets.US_ASCII),
                "GET / HTTP/9.9\r\n\r\n".getBytes(StandardCharsets.US_ASCII),
                ("GET /" + "a".repeat(100_000) + " HTTP/1.1\r\n\r\n").getBytes(StandardCharsets.US_ASCII),
                ("GET / HTTP/1.1\r\nX: " + "a".repeat(100_000) + "\r\n\r\n").getBytes(StandardCharsets.US_ASCII),
                "POST /v1/vms HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n".getBytes(StandardCharsets.US_ASCII)));
        for (int i = 0; i < 50; i++) {
            byte[] bytes = new byte[1 + random.nextInt(4096)];
            random.nextBytes(bytes);
            garbage.add((new String(bytes, StandardCharsets.ISO_8859_1) + "\r\n\r\n\r\n")
                    .getBytes(StandardCharsets.ISO_8859_1));
        }
        for (byte[] bytes : garbage) {
            try (RawHttp raw = RawHttp.tcp(host.base)) {
                raw.send(bytes);
                String answer = raw.readToEnd();
                assertThat(answer)
                        .satisfiesAnyOf(
                                refused -> assertThat(refused).startsWith("HTTP/1.1 4"),
                                refused -> assertThat(refused).startsWith("HTTP/1.1 505"),
                                dropped -> assertThat(dropped).isEmpty());
            }
        }
        assertThat(host.send("GET", "/v1/vms/web", null).statusCode()).isEqualTo(200);
    }

    @Test
    void whatTheServerItselfRefusesIsAProblemToo() throws Exception {
        try (RawHttp raw = RawHttp.tcp(host.base)) {
            raw.send("GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n");
            assertThat(raw.readToEnd()).contains("application/problem+json").contains("\"code\":\"bad-request\"");
        }
    }

    @Test
    void aClientThatStopsInTheMiddleOfItsRequestHoldsNothing() throws Exception {
        long before = descriptors();
        List<RawHttp> stopped = new ArrayList<>();
        for (int i = 0; i < 50; i++) {
            RawHttp raw = RawHttp.tcp(host.base);
            raw.send("POST /v1/vms HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n\r\n{");
            stopped.add(raw);
        }
        assertThat(host.send("GET", "/v1/vms/web", null).statusCode()).isEqualTo(200);
        for (RawHttp raw : stopped) {
            raw.close();
        }
        await().atMost(BOUND).until(() -> descriptors() <= before + 5);
    }

    @Test
    void aThousandRequestsAtOnceLeaveNoThreadAndNoDescriptor() throws Exception {
        try (GodwitClient warm = new GodwitClient(List.of(host.unix()), Timeouts.usual())) {
            warm.vms();
            host.send("GET", "/v1/vms", null);
        }
        long descriptors = descriptors();
        int threads = Thread.activeCount();
        try (ExecutorService clients = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<Boolean>> answers = new ArrayList<>();
            for (int i = 0; i < 1000; i++) {
                Callable<Boolean> request = i % 2 == 0 ? this::overTcp : this::overUnix;
                answers.add(clients.submit(request));
            }
            for (Future<Boolean> answer : answers) {
                assertThat(answer.get(BOUND.toSeconds(), TimeUnit.SECONDS)).isTrue();
            }
        }
        await().atMost(BOUND).until(() -> descriptors() <= descriptors + 10);
        await().atMost(BOUND).until(() -> Thread.activeCount() <= threads + 10);
    }

    private boolean overTcp() throws Exception {
        return answered(RawHttp.tcp(host.base));
    }

    private boolean overUnix() throws Exception {
        return answered(RawHttp.unix(host.socket));
    }

    private static boolean answered(RawHttp raw) throws Exception {
        try (raw) {
            raw.send("GET /v1/vms/web HTTP/1.1\r\nHost: x\r\n\r\n");
            return raw.readUntil("\"name\":\"web\"").startsWith("HTTP/1.1 200");
        }
    }

    @Test
    void aStopEndsStreamsAndDoesNotWaitForThem() throws Exception {
        try (RawHttp raw = RawHttp.tcp(host.base)) {
            raw.send("GET /v1/events HTTP/1.1\r\nHost: x\r\n\r\n");
            raw.readUntil("alive");
            long began = System.nanoTime();
            host.close();
            assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(Duration.ofSeconds(20));
            raw.readToEnd();
        }
    }

    private static long descriptors() throws Exception {
        try (Stream<Path> open = Files.list(Path.of("/proc/self/fd"))) {
            return open.count();
        }
    }
}
