package dev.godwit.guest;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.Random;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GarbageTest {
    private static final Duration LONG = Duration.ofSeconds(60);
    private static final int STREAMS = 5000;

    @TempDir
    Path directory;

    @Test
    void guestdOutlivesFiveThousandStreamsOfGarbage() throws Exception {
        long seed = 20261124;
        Random random = new Random(seed);
        try (GuestdProcess guestd = new GuestdProcess(directory)) {
            long files;
            try (GuestChannel channel = guestd.channel()) {
                channel.awaitReady(LONG);
                channel.exec(ExecRequest.of("victim", "sleep", "100"));
                channel.exec(ExecRequest.of("talker", "seq", "1", "1000"));
                files = guestd.openFiles();
            }
            for (int i = 0; i < STREAMS; i++) {
                send(guestd.socket(), garbage(random));
                assertThat(guestd.isAlive())
                        .as("guestd after stream %d of seed %d", i, seed)
                        .isTrue();
            }
            try (GuestChannel channel = guestd.channel()) {
                channel.awaitReady(LONG);
                assertThat(channel.ping().roundTrip()).isPositive();
                assertThat(Streams.text(channel, "talker", OutStream.STDOUT)).endsWith("\n1000\n");
                Awaitility.await().atMost(LONG).untilAsserted(() -> {
                    assertThat(guestd.openFiles()).isLessThanOrEqualTo(files);
                    assertThat(guestd.zombies()).isEmpty();
                });
            }
        }
    }

    /** Noise, sound frames with nonsense in them, sound frames with flipped bits, frames cut short; in a session or without one. */
    private static byte[] garbage(Random random) {
        ByteBuffer bytes = ByteBuffer.allocate(64 * 1024);
        int sequence = 0;
        if (random.nextBoolean()) {
            bytes.put(new Frame(FrameType.HELLO.code(), sequence++, 77, 0, new byte[0]).encoded());
        }
        for (int parts = 1 + random.nextInt(6); parts > 0; parts--) {
            byte[] payload = new byte[random.nextInt(3) == 0 ? random.nextInt(6000) : random.nextInt(40)];
            random.nextBytes(payload);
            // Of the sound types all but those that start processes from noise or end guestd.
            int type = 1 + random.nextInt(15);
            byte[] frame = new Frame(type, sequence++, 77, random.nextLong(), nonsense(payload, random))
                    .encoded()
                    .array();
            switch (random.nextInt(4)) {
                case 0 -> frame[random.nextInt(frame.length)] ^= (byte) (1 << random.nextInt(8));
                case 1 -> frame = java.util.Arrays.copyOf(frame, random.nextInt(frame.length));
                case 2 -> random.nextBytes(frame);
                default -> {
                    // A sound frame around nonsense.
                }
            }
            bytes.put(frame);
        }
        byte[] all = new byte[bytes.flip().remaining()];
        bytes.get(all);
        return all;
    }

    /** Half of the payloads begin as a request about a real exec does, so that they get past the first check. */
    private static byte[] nonsense(byte[] payload, Random random) {
        byte[] start = new Payload().string("victim").done();
        if (random.nextBoolean() && payload.length > start.length) {
            System.arraycopy(start, 0, payload, 0, start.length);
        }
        return payload;
    }

    private static void send(Path socket, byte[] bytes) throws IOException {
        try (SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(socket))) {
            ByteBuffer buffer = ByteBuffer.wrap(bytes);
            while (buffer.hasRemaining()) {
                channel.write(buffer);
            }
        } catch (IOException newerConnectionTookOver) {
            assertThat(newerConnectionTookOver).hasMessageContaining("Broken pipe");
        }
    }

    @Test
    void aGreetingIsHeardInsideTheHalfFrameOfAnEarlierConnection() throws Exception {
        long session = 99;
        FrameReader reader = new FrameReader(session);
        byte[] half = new Frame(FrameType.OUTPUT.code(), 5, 11, 0, new byte[200_000])
                .encoded()
                .limit(70_000)
                .slice()
                .duplicate()
                .array();
        ByteBuffer stream = ByteBuffer.allocate(80_000);
        stream.put(half, 0, 70_000);
        stream.put(new Frame(FrameType.HELLO_ACK.code(), 0, session, 0, new byte[3]).encoded());
        stream.put(new Frame(FrameType.OK.code(), 1, session, 4, "yes".getBytes(UTF_8)).encoded());
        feed(reader, stream.flip());
        assertThat(reader.next()).map(Frame::type).contains(FrameType.HELLO_ACK.code());
        Optional<Frame> answer = reader.next();
        assertThat(answer).map(Frame::request).contains(4L);
        assertThat(answer.orElseThrow().payload()).isEqualTo("yes".getBytes(UTF_8));
        assertThat(reader.next()).isEmpty();
    }

    @Test
    void aFrameWithAWrongCheckSumIsDroppedAndTheNextIsRead() throws Exception {
        FrameReader reader = new FrameReader(1);
        byte[] broken =
                new Frame(FrameType.OK.code(), 0, 1, 2, new byte[100]).encoded().array();
        broken[90] ^= 1;
        ByteBuffer stream = ByteBuffer.allocate(1000)
                .put("noise GWG1 noise".getBytes(UTF_8))
                .put(broken);
        stream.put(new Frame(FrameType.OK.code(), 1, 1, 3, new byte[0]).encoded());
        feed(reader, stream.flip());
        assertThat(reader.next()).map(Frame::request).contains(3L);
    }

    private static void feed(FrameReader reader, ByteBuffer stream) {
        while (stream.hasRemaining()) {
            ByteBuffer room = reader.room();
            int count = Math.min(room.remaining(), stream.remaining());
            room.put(stream.slice().limit(count));
            stream.position(stream.position() + count);
        }
    }
}
