package dev.godwit.guest;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A guest that answers hostd with lies: it knows the session, the requests, and how to make a sound frame. */
class LyingGuestTest {
    private static final Duration LONG = Duration.ofSeconds(60);
    private static final Duration SHORT = Duration.ofMillis(150);
    private static final int REQUESTS = 80;

    @TempDir
    Path directory;

    private GuestChannel impatient(Path socket) {
        return GuestChannel.open("7f3", socket, SHORT, InstantSource.system(), new SecureRandom());
    }

    @ParameterizedTest(name = "seed {0}")
    @ValueSource(longs = {1, 2, 3})
    void everyRequestOfALyingGuestEndsInTimeWithAnAnswerOrAReason(long seed) throws Exception {
        Path socket = directory.resolve("guestd.sock");
        Random random = new Random(seed);
        AtomicReference<Throwable> uncaught = new AtomicReference<>();
        Thread.UncaughtExceptionHandler before = Thread.getDefaultUncaughtExceptionHandler();
        Thread.setDefaultUncaughtExceptionHandler((thread, failure) -> uncaught.set(failure));
        try (GuestChannel channel = impatient(socket)) {
            try (LyingGuest liar = new LyingGuest(socket, (frame, hostd) -> lie(frame, hostd, random))) {
                List<Callable<?>> requests = requests(channel);
                for (int i = 0; i < REQUESTS; i++) {
                    Callable<?> request = requests.get(i % requests.size());
                    Instant began = Instant.now();
                    try {
                        request.call();
                    } catch (IOException reason) {
                        assertThat(reason.getMessage()).as("request %d", i).isNotBlank();
                    }
                    assertThat(Duration.between(began, Instant.now()))
                            .as("request %d", i)
                            .isLessThan(LONG);
                }
                assertThat(liar.connections()).isPositive();
            }
            // The liar is gone, and the same channel serves a sound guest.
            try (GuestdProcess guestd = new GuestdProcess(directory)) {
                channel.awaitReady(LONG);
                channel.exec(ExecRequest.of("after", "echo", "sound"));
                assertThat(channel.await("after", LONG)).isEqualTo(new ExecState.Exited(0));
                assertThat(guestd.isAlive()).isTrue();
            }
        } finally {
            Thread.setDefaultUncaughtExceptionHandler(before);
        }
        assertThat(uncaught.get()).as("what no thread caught").isNull();
    }

    /** Each kind of request that hostd makes. */
    private static List<Callable<?>> requests(GuestChannel channel) {
        return List.of(
                channel::ping,
                () -> channel.exec(ExecRequest.of("x", "true")),
                () -> channel.status("x"),
                channel::execs,
                () -> channel.stat("/etc/passwd"),
                () -> channel.get("/etc/passwd", new BoundedOutput()),
                () -> channel.resume(new ResumeRequest("vm", 1, java.util.Optional.empty())),
                () -> {
                    try (OutputReader reader = channel.output("x", OutStream.STDOUT, 0)) {
                        return reader.next(SHORT);
                    }
                });
    }

    /** A liar's file has no end; hostd's reader has. */
    private static final class BoundedOutput extends ByteArrayOutputStream {
        @Override
        public synchronized void write(byte[] bytes, int offset, int length) {
            if (size() > 1 << 20) {
                throw new java.io.UncheckedIOException(new IOException("enough"));
            }
            super.write(bytes, offset, length);
        }
    }

    private static void lie(Frame frame, LyingGuest.Line hostd, Random random) throws IOException {
        if (frame.type() == FrameType.HELLO.code() && random.nextInt(4) > 0) {
            hostd.answer(FrameType.HELLO_ACK, frame, new byte[0]);
        }
        FrameType[] types = FrameType.values();
        for (int lies = random.nextInt(4); lies >= 0; lies--) {
            byte[] payload = new byte[random.nextInt(5) == 0 ? random.nextInt(60_000) : random.nextInt(64)];
            random.nextBytes(payload);
            if (payload.length >= 16 && random.nextBoolean()) {
                // The reader that hostd opens first, at an absurd offset.
                java.util.Arrays.fill(payload, 0, 16, (byte) (random.nextBoolean() ? 0 : 0xff));
                payload[0] = (byte) (1 + random.nextInt(3));
            }
            long session = random.nextInt(8) == 0 ? random.nextLong() : frame.session();
            long request = random.nextInt(4) == 0 ? random.nextLong() : frame.request();
            int type = random.nextBoolean() ? FrameType.OK.code() : types[random.nextInt(types.length)].code();
            ByteBuffer bytes = new Frame(type, random.nextInt(3), session, request, payload).encoded();
            if (random.nextInt(10) == 0) {
                bytes.put(random.nextInt(bytes.limit()), (byte) random.nextInt());
            }
            hostd.send(bytes);
        }
    }

    @Test
    void aGuestThatFloodsRefusalsBeforeItGreetsIsServedOnceItDoes() throws Exception {
        Path socket = directory.resolve("flood.sock");
        CountDownLatch flooded = new CountDownLatch(1);
        AtomicBoolean sane = new AtomicBoolean();
        LyingGuest.Behaviour flooding = (frame, hostd) -> {
            if (sane.get()) {
                sound(frame, hostd);
                return;
            }
            // More refusals than hostd's queue has room for, and its greetings are not read meanwhile.
            for (int i = 0; i < 20_000; i++) {
                hostd.answer(FrameType.ERROR, frame, refusal(9));
            }
            sane.set(true);
            flooded.countDown();
        };
        try (LyingGuest guest = new LyingGuest(socket, flooding);
                GuestChannel channel = GuestChannel.open("7f3", socket)) {
            assertThat(flooded.await(60, TimeUnit.SECONDS)).isTrue();
            channel.awaitReady(LONG);
            assertThat(channel.ping().roundTrip()).isPositive();
            assertThat(guest.connections()).isEqualTo(1);
        }
    }

    @Test
    void aGuestThatBeganAnewOnTheSameConnectionIsGreetedAgain() throws Exception {
        Path socket = directory.resolve("anew.sock");
        AtomicBoolean rebooted = new AtomicBoolean();
        LyingGuest.Behaviour forgetful = (frame, hostd) -> {
            if (frame.type() == FrameType.HELLO.code()) {
                rebooted.set(false);
            }
            if (rebooted.get()) {
                hostd.answer(FrameType.ERROR, frame, refusal(9));
            } else {
                sound(frame, hostd);
            }
        };
        try (LyingGuest guest = new LyingGuest(socket, forgetful);
                GuestChannel channel = GuestChannel.open("7f3", socket)) {
            assertThat(channel.ping().roundTrip()).isPositive();
            rebooted.set(true);
            assertThat(channel.ping().roundTrip()).isPositive();
            assertThat(guest.connections()).isEqualTo(1);
        }
    }

    private static void sound(Frame frame, LyingGuest.Line hostd) throws IOException {
        if (frame.type() == FrameType.HELLO.code()) {
            hostd.answer(FrameType.HELLO_ACK, frame, new byte[0]);
        } else if (frame.type() == FrameType.PING.code()) {
            hostd.answer(FrameType.OK, frame, new byte[16]);
        } else if (frame.type() == FrameType.SUBSCRIBE.code()) {
            hostd.answer(FrameType.OK, frame, new byte[0]);
        }
    }

    private static byte[] refusal(int code) {
        return new Payload()
                .u32(code)
                .u64(0)
                .bytes("no such session: say HELLO first".getBytes(UTF_8))
                .done();
    }
}
