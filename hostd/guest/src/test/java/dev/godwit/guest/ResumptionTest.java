package dev.godwit.guest;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The connection breaks at random points, often within a frame, in both directions. */
class ResumptionTest {
    private static final Duration LONG = Duration.ofSeconds(60);

    @TempDir
    Path directory;

    @ParameterizedTest(name = "seed {0}")
    @ValueSource(longs = {1, 2, 3, 4, 5, 6})
    void outputIsWholeAndStdinIsNotDoubledHoweverOftenTheConnectionBreaks(long seed) throws Exception {
        Random random = new Random(seed);
        byte[] content = new byte[3_000_000];
        random.nextBytes(content);
        Path listen = directory.resolve("proxy.sock");
        try (GuestdProcess guestd = new GuestdProcess(directory);
                GuestChannel ready = guestd.channel();
                CuttingProxy proxy = new CuttingProxy(listen, awaited(guestd, ready), random, 400_000);
                GuestChannel channel = GuestChannel.open("test", listen)) {
            // The process answers with what it reads: lost, doubled or reordered bytes on either way show in its
            // output.
            channel.exec(ExecRequest.of("cat", "cat"));
            Thread writer = Thread.ofVirtual().start(() -> write(channel, content, random.nextLong()));
            byte[] read;
            try (OutputReader reader = channel.output("cat", OutStream.STDOUT, 0)) {
                read = Streams.readAll(reader);
            }
            writer.join(LONG);
            assertThat(read).isEqualTo(content);
            assertThat(channel.await("cat", LONG)).isEqualTo(new ExecState.Exited(0));
            assertThat(proxy.cuts()).isGreaterThan(5);
        }
    }

    private static Path awaited(GuestdProcess guestd, GuestChannel ready) throws Exception {
        ready.awaitReady(LONG);
        ready.close();
        return guestd.socket();
    }

    private static void write(GuestChannel channel, byte[] content, long seed) {
        Random random = new Random(seed);
        try {
            for (int offset = 0; offset < content.length; ) {
                int length = Math.min(1 + random.nextInt(300_000), content.length - offset);
                byte[] piece = new byte[length];
                System.arraycopy(content, offset, piece, 0, length);
                channel.stdin("cat", offset, piece, offset + length == content.length);
                offset += length;
            }
        } catch (GuestException | InterruptedException failed) {
            throw new IllegalStateException("stdin of seed " + seed, failed);
        }
    }

    @Test
    void aNewChannelElsewhereGoesOnFromTheOffsetsOfTheOld() throws Exception {
        try (GuestdProcess guestd = new GuestdProcess(directory)) {
            long offset;
            try (GuestChannel source = guestd.channel()) {
                source.exec(ExecRequest.of("a", "sh", "-c", "seq 1 100000; read x; echo $x"));
                try (OutputReader reader = source.output("a", OutStream.STDOUT, 0)) {
                    reader.next(LONG);
                    offset = reader.offset();
                }
            }
            assertThat(offset).isPositive();
            try (GuestChannel target = guestd.channel()) {
                target.stdin("a", 0, "after\n".getBytes(java.nio.charset.StandardCharsets.UTF_8), true);
                try (OutputReader reader = target.output("a", OutStream.STDOUT, offset)) {
                    String rest = new String(Streams.readAll(reader), java.nio.charset.StandardCharsets.UTF_8);
                    assertThat(rest).endsWith("100000\nafter\n");
                    // seq's own output is 588895 bytes.
                    assertThat(offset + rest.length()).isEqualTo(588_895 + 6);
                }
            }
        }
    }

    @Test
    void aProcessRunsFreeWhileItsHostdIsAway() throws Exception {
        try (GuestdProcess guestd = new GuestdProcess(directory)) {
            try (GuestChannel source = guestd.channel()) {
                // It writes more than a ring holds only when somebody reads.
                source.exec(ExecRequest.of("a", "sh", "-c", "read go; head -c 50000000 /dev/zero"));
                OutputReader reader = source.output("a", OutStream.STDOUT, 0);
                source.stdin("a", 0, "go\n".getBytes(UTF_8), false);
                assertThat(reader.next(LONG)).isInstanceOf(Output.Piece.class);
            }
            try (GuestChannel target = guestd.channel()) {
                assertThat(target.await("a", LONG)).isEqualTo(new ExecState.Exited(0));
            }
        }
    }
}
