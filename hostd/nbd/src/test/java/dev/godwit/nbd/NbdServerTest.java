package dev.godwit.nbd;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;

/** The server and its clients: who is let in, who is turned away, and what garbage does. */
class NbdServerTest extends ServedDisk {
    @Test
    void theSocketIsForOwnerAndGroupAndGoesWithTheServer() throws IOException {
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(socket)))
                .isEqualTo("rw-rw----");
        server.close();
        assertThat(socket).doesNotExist();
        try (NbdServer owned = NbdServer.listen(socket, 4242)) {
            assertThat(Files.getAttribute(socket, "unix:uid")).isEqualTo(4242);
            assertThat(owned.connectionCount()).isZero();
        }
    }

    @Test
    void aServerThatEndsLateLeavesItsSuccessorsSocketAlone() throws IOException {
        try (NbdServer successor = NbdServer.listen(socket)) {
            successor.export(export);
            server.close();
            try (RawClient client = RawClient.connected(socket, "disk")) {
                assertThat(client.transmissionFlags & Wire.READ_ONLY).isZero();
            }
        }
    }

    @Test
    void aClientForWhomNoThreadCanBeMadeIsTurnedAwayAndTheNextIsServed() throws IOException {
        AtomicInteger refusals = new AtomicInteger(2);
        Path other = socket.resolveSibling("threads.sock");
        try (NbdServer poor = NbdServer.listen(other, null, work -> {
            if (refusals.getAndDecrement() > 0) {
                throw new OutOfMemoryError("unable to create native thread (the test)");
            }
            return new Thread(work);
        })) {
            poor.export(new NbdExport("disk", "vm-1", 1, device, ExportMode.READ_WRITE));
            for (int i = 0; i < 2; i++) {
                try (RawClient turnedAway = new RawClient(other)) {
                    assertThatThrownBy(() -> turnedAway.receive(1)).isInstanceOf(EOFException.class);
                }
            }
            try (RawClient client = RawClient.connected(other, "disk")) {
                assertThat(error(client, Wire.CMD_FLUSH, 0, 0, 0)).isZero();
                assertThat(poor.connectionCount()).isEqualTo(1);
            }
        }
    }

    @Test
    void aClientThatNeverReadsItsRepliesStopsNobodyElse() throws IOException {
        try (RawClient mute = RawClient.connected(socket, "disk")) {
            for (int i = 0; i < 12; i++) {
                mute.request(Wire.CMD_READ, 0, i, 0, 4 << 20);
            }
            try (RawClient client = RawClient.connected(socket, "disk")) {
                for (int i = 0; i < 20; i++) {
                    client.request(Wire.CMD_READ, 0, i, 0, 1 << 20);
                    assertThat(client.reply().error()).isZero();
                }
            }
        }
    }

    @Test
    void unknownExportsAndOptionsGetAnErrorAndTheNextOptionIsHeard() throws IOException {
        try (RawClient client = new RawClient(socket)) {
            client.hello();
            client.option(99, new byte[3]);
            assertThat(client.optionReply().getInt(12)).isEqualTo(Wire.REP_ERR_UNSUP);
            assertThat(client.go("nothing")).isEqualTo(Wire.REP_ERR_UNKNOWN);
            client.option(Wire.OPT_GO, new byte[] {0, 0, 0, 100, 1});
            assertThat(client.optionReply().getInt(12)).isEqualTo(Wire.REP_ERR_INVALID);
            client.option(Wire.OPT_SET_META_CONTEXT, new byte[] {0, 0, 0, 0, 0, 0, 0, 0});
            assertThat(client.optionReply().getInt(12)).isEqualTo(Wire.REP_ERR_INVALID);
            client.option(Wire.OPT_LIST, new byte[0]);
            ByteBuffer listed = client.optionReply();
            byte[] name = new byte[4];
            listed.get(24, name);
            assertThat(name).isEqualTo("disk".getBytes(US_ASCII));
            client.optionReply();
            client.option(Wire.OPT_ABORT, new byte[0]);
            assertThat(client.optionReply().getInt(12)).isEqualTo(Wire.REP_ACK);
            assertThatThrownBy(() -> client.receive(1)).isInstanceOf(EOFException.class);
        }
    }

    @Test
    void aClientBeyondTheBoundIsTurnedAwayAndComesInWhenThereIsRoom() throws IOException {
        List<RawClient> clients = new ArrayList<>();
        try {
            for (int i = 0; i < 128; i++) {
                clients.add(RawClient.connected(socket, "disk"));
            }
            try (RawClient late = new RawClient(socket)) {
                assertThatThrownBy(() -> late.receive(18)).isInstanceOf(IOException.class);
            }
            clients.getFirst().close();
            Awaitility.await().atMost(Duration.ofSeconds(10)).until(() -> server.connectionCount() < 128);
            clients.add(RawClient.connected(socket, "disk"));
        } finally {
            for (RawClient client : clients) {
                client.close();
            }
        }
    }

    @Test
    void twoThousandStreamsOfGarbageLeaveNoThreadAndNoDescriptorBehind() throws IOException {
        SplittableRandom random = new SplittableRandom(SEED);
        RawClient.connected(socket, "disk").close();
        awaitNoClient();
        Set<String> threads = nbdThreads();
        long descriptors = descriptors();
        for (int i = 0; i < 2000; i++) {
            awaitRoom();
            try (RawClient client = new RawClient(socket)) {
                sendGarbage(client, random, i);
            } catch (IOException cut) {
                // The server may close while we still speak: that is what garbage deserves.
                assertThat(cut).as("seed %s stream %s", SEED, i).isInstanceOf(IOException.class);
            }
        }
        awaitNoClient();
        Awaitility.await().atMost(Duration.ofSeconds(30)).untilAsserted(() -> {
            assertThat(nbdThreads()).isEqualTo(threads);
            assertThat(descriptors()).isEqualTo(descriptors);
        });
        try (RawClient client = RawClient.connected(socket, "disk")) {
            assertThat(error(client, Wire.CMD_READ, 0, 0, 512)).isZero();
        }
    }

    private static void sendGarbage(RawClient client, SplittableRandom random, int i) throws IOException {
        ByteBuffer valid = ByteBuffer.allocate(4096);
        valid.putInt(3).putLong(Wire.IHAVEOPT).putInt(Wire.OPT_STRUCTURED_REPLY).putInt(0);
        valid.putLong(Wire.IHAVEOPT).putInt(Wire.OPT_GO).putInt(10).putInt(4).put(new byte[] {'d', 'i', 's', 'k'});
        valid.putShort((short) 0);
        for (int r = 0; r < 10; r++) {
            int command = random.nextInt(8);
            byte[] payload = new byte[command == Wire.CMD_WRITE ? random.nextInt(300) : 0];
            int length = command == Wire.CMD_WRITE ? payload.length : random.nextInt(100_000);
            valid.put(RawClient.encode(command, random.nextInt(4), r, random.nextInt(SIZE), length, payload));
        }
        byte[] stream = Arrays.copyOf(valid.array(), valid.position());
        if (i % 3 == 0) {
            random.nextBytes(stream);
        } else {
            for (int m = 0; m < 1 + random.nextInt(4); m++) {
                stream[random.nextInt(stream.length)] ^= (byte) (1 << random.nextInt(8));
            }
        }
        client.send(ByteBuffer.wrap(stream, 0, i % 5 == 0 ? random.nextInt(stream.length) : stream.length));
        if (i % 2 == 0) {
            client.drain();
        }
    }

    private void awaitNoClient() {
        Awaitility.await().atMost(Duration.ofSeconds(30)).until(() -> server.connectionCount() == 0);
    }

    /** Room below the bound of connections, so that each stream is heard. */
    private void awaitRoom() {
        if (server.connectionCount() > 50) {
            Awaitility.await()
                    .atMost(Duration.ofSeconds(30))
                    .pollInterval(Duration.ofMillis(1))
                    .until(() -> server.connectionCount() <= 50);
        }
    }

    private static Set<String> nbdThreads() {
        Set<String> names = new HashSet<>();
        for (Thread thread : Thread.getAllStackTraces().keySet()) {
            if (thread.getName().startsWith("nbd-")) {
                names.add(thread.getName());
            }
        }
        return names;
    }

    private static long descriptors() throws IOException {
        try (Stream<Path> open = Files.list(Path.of("/proc/self/fd"))) {
            return open.count();
        }
    }
}
