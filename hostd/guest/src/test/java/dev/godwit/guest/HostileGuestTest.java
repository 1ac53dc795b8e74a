package dev.godwit.guest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A guest that breaks the protocol costs its own channel at most, and that comes back. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class HostileGuestTest {
    private static final Duration LONG = Duration.ofSeconds(30);
    /** More than hostd's queue of frames holds. */
    private static final int FLOOD = 3000;

    private static final int PIECE = 200_000;

    @TempDir
    Path directory;

    private long openFiles;
    private FakeGuest guest;
    private GuestChannel channel;

    @BeforeEach
    void aGuestAndAChannelToIt() throws IOException {
        openFiles = openFiles();
        guest = new FakeGuest(directory.resolve("guest.sock"));
        channel = GuestChannel.open("7f3", directory.resolve("guest.sock"));
        guest.accept();
    }

    @AfterEach
    void noDescriptorIsLeft() throws IOException {
        channel.close();
        guest.close();
        Awaitility.await()
                .atMost(LONG)
                .untilAsserted(() -> assertThat(openFiles()).isLessThanOrEqualTo(openFiles));
    }

    private static long openFiles() throws IOException {
        try (var files = Files.list(Path.of("/proc/self/fd"))) {
            return files.filter(file -> {
                        try {
                            return Files.readSymbolicLink(file).toString().startsWith("socket:");
                        } catch (IOException gone) {
                            return false;
                        }
                    })
                    .count();
        }
    }

    private interface Asking<T> {
        T ask() throws Exception;
    }

    /** Asks on a thread of its own, since the test plays the guest. */
    private static <T> Future<T> asking(Asking<T> question) {
        FutureTask<T> task = new FutureTask<>(question::ask);
        Thread.ofVirtual().start(task);
        return task;
    }

    private OutputReader reader() throws Exception {
        Future<OutputReader> reader = asking(() -> channel.output("job", OutStream.STDOUT, 0));
        guest.answer(guest.read(FrameType.SUBSCRIBE), new Payload());
        return reader.get(30, TimeUnit.SECONDS);
    }

    private void output(OutputReader reader, long offset, byte[] bytes) throws IOException {
        byte[] head = new Payload().u64(reader.subscription()).u64(offset).done();
        byte[] payload = java.util.Arrays.copyOf(head, head.length + bytes.length);
        System.arraycopy(bytes, 0, payload, head.length, bytes.length);
        guest.send(FrameType.OUTPUT, 0, payload);
    }

    private void theChannelWorks() throws Exception {
        Future<Pong> pong = asking(channel::ping);
        guest.answer(guest.read(FrameType.PING), new Payload().u64(1).u64(2));
        assertThat(pong.get(30, TimeUnit.SECONDS).roundTrip()).isPositive();
    }

    @Test
    void outputBeyondTheWindowEndsItsReaderAndIsNotKept() throws Exception {
        guest.welcome();
        OutputReader reader = reader();
        for (int i = 0; i < 50; i++) {
            output(reader, (long) i * PIECE, new byte[PIECE]);
        }
        guest.read(FrameType.UNSUBSCRIBE);
        assertThatThrownBy(() -> reader.next(Duration.ZERO))
                .isInstanceOf(GuestException.class)
                .hasMessageContaining("more than its window of 1048576");
        theChannelWorks();
    }

    @Test
    void outputThatComesByteByByteIsHeldInFewPieces() throws Exception {
        guest.welcome();
        OutputReader reader = reader();
        int bytes = 20_000;
        for (int i = 0; i < bytes; i++) {
            output(reader, i, new byte[] {(byte) i});
        }
        guest.send(
                FrameType.OUTPUT_END,
                0,
                new Payload().u64(reader.subscription()).u64(bytes).done());
        theChannelWorks();
        int pieces = 0;
        long at = 0;
        for (Output next = reader.next(LONG); next instanceof Output.Piece piece; next = reader.next(LONG)) {
            for (byte value : piece.bytes()) {
                assertThat(value).isEqualTo((byte) at++);
            }
            pieces++;
        }
        assertThat(at).isEqualTo(bytes);
        assertThat(pieces).isLessThan(20);
    }

    @Test
    void aFloodOfRefusedGreetingsEndsNothing() throws Exception {
        for (int i = 0; i < FLOOD; i++) {
            guest.send(FrameType.ERROR, 0, new byte[0]);
        }
        guest.welcome();
        channel.awaitReady(LONG);
        theChannelWorks();
    }

    @Test
    void framesWithWrongCheckSumsEndTheConnectionAndTheNextOneWorks() throws Exception {
        guest.welcome();
        OutputReader reader = reader();
        output(reader, 0, new byte[10]);
        for (int i = 0; i <= FrameReader.BAD_FRAMES_MAX; i++) {
            guest.sendBroken();
        }
        guest.awaitEnd();
        guest.accept();
        guest.welcome();
        guest.answer(guest.read(FrameType.SUBSCRIBE), new Payload());
        output(reader, 10, new byte[20]);
        assertThat(reader.next(LONG)).isInstanceOf(Output.Piece.class);
        while (reader.offset() < 30) {
            assertThat(reader.next(LONG)).isInstanceOf(Output.Piece.class);
        }
        theChannelWorks();
    }

    @Test
    void framesThatAreCutShortInsideEndTheConnectionAndTheNextOneWorks() throws Exception {
        guest.welcome();
        guest.send(FrameType.OUTPUT, 0, new byte[3]);
        guest.awaitEnd();
        guest.accept();
        guest.welcome();
        theChannelWorks();
    }

    @Test
    void stdinThatIsNeverTakenIsAnError() throws Exception {
        guest.welcome();
        Future<Long> written = asking(() -> channel.stdin("job", 100, new byte[10], false));
        for (int i = 0; i <= GuestChannel.STDIN_IDLE_MAX; i++) {
            guest.answer(guest.read(FrameType.STDIN), new Payload().u64(100));
        }
        assertThatThrownBy(() -> written.get(30, TimeUnit.SECONDS))
                .isInstanceOf(ExecutionException.class)
                .hasCauseInstanceOf(GuestException.class)
                .hasMessageContaining("it takes nothing");
        theChannelWorks();
    }

    @Test
    void stdinThatGoesBackwardsIsAnError() throws Exception {
        guest.welcome();
        Future<Long> written = asking(() -> channel.stdin("job", 100, new byte[10], false));
        guest.answer(guest.read(FrameType.STDIN), new Payload().u64(7));
        assertThatThrownBy(() -> written.get(30, TimeUnit.SECONDS))
                .hasCauseInstanceOf(GuestException.class)
                .hasMessageContaining("from 100 with 7");
        theChannelWorks();
    }

    @Test
    void stdinThatWasWrittenFurtherBeforeEndsWhereThisPieceEnds() throws Exception {
        guest.welcome();
        Future<Long> written = asking(() -> channel.stdin("job", 100, new byte[10], false));
        guest.answer(guest.read(FrameType.STDIN), new Payload().u64(5000));
        assertThat(written.get(30, TimeUnit.SECONDS)).isEqualTo(110);
        theChannelWorks();
    }
}
