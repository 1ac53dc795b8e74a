package dev.godwit.peer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class GarbageTest {
    private static final int STREAMS = 2000;
    private static final Duration SOON = Duration.ofSeconds(30);
    private static final StreamHandler RECORD = (from, id, hello) -> new Recorder();

    @Test
    void garbageClosesItsConnectionAndLeaksNothing() throws Exception {
        try (PeerServer server = Ports.server((f, m, j) -> j, RECORD, Ports.quick())) {
            feed(server, 20, 1);
            await().atMost(SOON).until(() -> server.counters().openConnections() == 0);
            long descriptors = descriptors();
            int threads = serving();
            feed(server, STREAMS, 20261124);
            await().atMost(SOON).until(() -> server.counters().openConnections() == 0);
            await().atMost(SOON).untilAsserted(() -> assertThat(serving()).isLessThanOrEqualTo(threads));
            // The test's own runtime opens a few (class files, selectors); a leak would be hundreds.
            assertThat(descriptors()).isLessThan(descriptors + 20);
            assertThat(server.counters().garbage()).isGreaterThan(STREAMS / 3);
            try (PeerLink link = new PeerLink(server.address(), "host-a", Ports.quick(), PeerSockets.plain())) {
                assertThat(link.call("ping", new byte[] {1}, SOON)).containsExactly(1);
            }
        }
    }

    @Test
    void aStrangerWhoSaysNothingIsShownTheDoor() throws Exception {
        PeerLimits limits = Ports.quick();
        try (PeerServer server = Ports.server((f, m, j) -> j, RECORD, limits);
                Socket socket = socket(server)) {
            assertThat(socket.getInputStream().read()).isEqualTo(-1);
            assertThat(server.counters().silent()).isEqualTo(1);
        }
    }

    @Test
    void aStrangerWhoTricklesItsHelloIsShownTheDoor() throws Exception {
        try (PeerServer server = Ports.server((f, m, j) -> j, RECORD, Ports.quick());
                Socket socket = socket(server)) {
            byte[] hello = hello();
            Thread trickle = Thread.ofVirtual().start(() -> {
                try {
                    for (byte b : hello) {
                        socket.getOutputStream().write(b);
                        Thread.currentThread().join(Duration.ofMillis(150));
                    }
                } catch (IOException e) {
                    Thread.currentThread().interrupt();
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            });
            assertThat(socket.getInputStream().read()).isEqualTo(-1);
            trickle.join(Duration.ofSeconds(20));
        }
    }

    @Test
    void anotherVersionIsToldSo() throws Exception {
        try (PeerServer server = Ports.server((f, m, j) -> j, RECORD, Ports.quick());
                Socket socket = socket(server)) {
            byte[] json = "{\"protocol\":99,\"host\":\"host-z\",\"use\":\"CALLS\"}".getBytes(StandardCharsets.UTF_8);
            socket.getOutputStream().write(Frame.of(Frame.HELLO, 0, 0, json).array());
            String answer = new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertThat(answer).contains("version\nhost-z speaks version 99");
        }
    }

    @Test
    void aLengthAboveTheBoundIsGarbageAndNotAllocated() throws Exception {
        try (PeerServer server = Ports.server((f, m, j) -> j, RECORD, Ports.quick());
                Socket socket = socket(server)) {
            ByteBuffer header = Frame.of(Frame.HELLO, 0, 0, new byte[0]);
            header.putInt(20, FrameReader.STRANGER_PAYLOAD_MAX + 1);
            byte[] raw = new byte[header.capacity()];
            header.get(0, raw);
            socket.getOutputStream().write(raw);
            assertThat(socket.getInputStream().read()).isEqualTo(-1);
            assertThat(server.counters().garbage()).isEqualTo(1);
        }
    }

    @Test
    void aGapInTheSequenceIsGarbage() throws Exception {
        try (PeerServer server = Ports.server((f, m, j) -> j, RECORD, Ports.quick());
                Socket socket = socket(server)) {
            OutputStream out = socket.getOutputStream();
            out.write(hello());
            out.write(Frame.of(Frame.OPEN, 0, 0, OpenMessage.bytes(false, 0, "s", new byte[0]))
                    .array());
            out.write(Frame.of(Frame.FRAME, 0, 1, new byte[5]).array());
            out.write(Frame.of(Frame.FRAME, 0, 3, new byte[5]).array());
            await().atMost(SOON).until(() -> server.counters().garbage() == 1);
        }
    }

    @Test
    void aFrameThatComesTwiceIsAppliedOnce() throws Exception {
        Recorder recorder = new Recorder();
        try (PeerServer server = Ports.server((f, m, j) -> j, (from, id, hello) -> recorder, Ports.quick());
                Socket socket = socket(server)) {
            OutputStream out = socket.getOutputStream();
            out.write(hello());
            out.write(Frame.of(Frame.OPEN, 0, 0, OpenMessage.bytes(false, 0, "s", new byte[0]))
                    .array());
            for (int sequence : new int[] {1, 2, 1, 2, 2, 3}) {
                out.write(Frame.of(Frame.FRAME, 0, sequence, new byte[sequence]).array());
            }
            await().atMost(SOON).until(() -> recorder.frames.size() == 3);
            assertThat(recorder.frames).extracting(Recorder.Got::bytes).containsExactly(1, 2, 3);
            assertThat(server.counters().duplicateFrames()).isEqualTo(3);
        }
    }

    private static void feed(PeerServer server, int count, long seed) throws IOException {
        Random random = new Random(seed);
        for (int i = 0; i < count; i++) {
            try (Socket socket = socket(server)) {
                socket.setSoTimeout(10_000);
                OutputStream out = socket.getOutputStream();
                out.write(noise(random));
                if (random.nextBoolean()) {
                    socket.shutdownOutput();
                    drain(socket.getInputStream());
                }
            } catch (IOException e) {
                // The server hung up while we were still talking: what it should do.
                assertThat(e).hasMessageMatching("(?i).*(broken pipe|reset|closed|abort).*");
            }
        }
    }

    private static void drain(InputStream in) throws IOException {
        byte[] bytes = new byte[4096];
        while (in.read(bytes) >= 0) {
            // Only the end matters.
        }
    }

    /** From plain noise to a proper hello with one field wrong behind it. */
    private static byte[] noise(Random random) throws IOException {
        byte[] tail = new byte[random.nextInt(4000)];
        random.nextBytes(tail);
        return switch (random.nextInt(6)) {
            case 0 -> tail;
            case 1 ->
                Frame.of(random.nextInt(20), random.nextInt(), random.nextLong(), tail)
                        .array();
            case 2 -> joined(hello(), tail);
            case 3 ->
                joined(
                        hello(),
                        Frame.of(random.nextInt(20), 0, random.nextLong(), tail).array());
            case 4 -> {
                byte[] hello = hello();
                hello[random.nextInt(hello.length)] ^= (byte) (1 << random.nextInt(8));
                yield hello;
            }
            default -> {
                byte[] frame = Frame.of(Frame.OPEN, 0, 0, OpenMessage.bytes(false, 0, "s", tail))
                        .array();
                frame[Frame.HEADER_BYTES + random.nextInt(11)] ^= 0x55;
                ByteBuffer again = ByteBuffer.wrap(frame);
                Frame.seal(again, Frame.OPEN, 0, 0, 0);
                yield joined(hello(), frame);
            }
        };
    }

    private static byte[] hello() throws IOException {
        return Frame.of(Frame.HELLO, 0, 0, new Hello("host-x", Hello.Use.STREAM).json())
                .array();
    }

    private static byte[] joined(byte[] first, byte[] second) {
        return ByteBuffer.allocate(first.length + second.length)
                .put(first)
                .put(second)
                .array();
    }

    private static Socket socket(PeerServer server) throws IOException {
        Socket socket = new Socket();
        socket.connect(server.address());
        return socket;
    }

    private static long descriptors() throws IOException {
        try (Stream<Path> open = Files.list(Path.of("/proc/self/fd"))) {
            return open.count();
        }
    }

    private static int serving() {
        return (int) Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().startsWith("peer-serve")
                        || thread.getName().startsWith("peer-beat"))
                .count();
    }
}
