package dev.godwit.peer;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class StreamTest {
    private static final Duration SOON = Duration.ofSeconds(20);
    private static final CallHandler NO_CALLS = (from, method, json) -> json;

    private final Recorder recorder = new Recorder();
    private final List<AutoCloseable> open = new ArrayList<>();

    @AfterEach
    void closeAll() throws Exception {
        for (AutoCloseable each : open.reversed()) {
            each.close();
        }
    }

    private PeerServer server(PeerLimits limits) throws IOException {
        PeerServer server = Ports.server(NO_CALLS, (from, id, hello) -> recorder, limits);
        open.add(server);
        return server;
    }

    private LinkProxy proxy(PeerServer server) throws IOException {
        LinkProxy proxy = new LinkProxy(server.address());
        open.add(proxy);
        return proxy;
    }

    private PeerStream stream(SocketAddress to, PeerLimits limits) throws IOException {
        PeerLink link = new PeerLink(to, "host-a", limits, PeerSockets.plain());
        open.add(link);
        return link.openStream("s-1", "{}".getBytes(UTF_8));
    }

    private static byte[] payload(Random random) {
        byte[] bytes = new byte[random.nextInt(3) == 0 ? random.nextInt(300_000) : random.nextInt(300)];
        random.nextBytes(bytes);
        return bytes;
    }

    private static List<Recorder.Got> sendMany(PeerStream stream, Random random, int count) throws IOException {
        List<Recorder.Got> sent = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            byte[] bytes = payload(random);
            stream.send(i % 40, ByteKind.MEMORY, ByteBuffer.wrap(bytes));
            sent.add(Recorder.got(i % 40, bytes));
        }
        return sent;
    }

    @Test
    void framesArriveInOrderAndTheEndComesLast() throws Exception {
        PeerServer server = server(Ports.quick());
        PeerStream stream = stream(server.address(), Ports.quick());
        List<Recorder.Got> sent = sendMany(stream, new Random(1), 500);
        stream.finish();
        assertThat(recorder.frames).isEqualTo(sent);
        assertThat(recorder.ended).isTrue();
        assertThat(recorder.lost).isNull();
        long payloads = sent.stream().mapToLong(Recorder.Got::bytes).sum();
        assertThat(stream.traffic().memoryBytes()).isEqualTo(payloads + 500L * Frame.HEADER_BYTES);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6})
    void aConnectionCutInTheMiddleOfAFrameLosesAndDoublesNothing(long seed) throws Exception {
        PeerServer server = server(Ports.quick());
        LinkProxy proxy = proxy(server);
        PeerStream stream = stream(proxy.address(), Ports.quick());
        Random random = new Random(seed);
        List<Recorder.Got> sent = new ArrayList<>();
        for (int i = 0; i < 12; i++) {
            proxy.cutAfter(random.nextInt(2_000_000));
            sent.addAll(sendMany(stream, random, 40));
        }
        stream.finish();
        assertThat(recorder.frames).isEqualTo(sent);
        assertThat(server.counters().resumed()).isPositive();
    }

    @Test
    void aLinkThatSwallowsPacketsForLongIsLeftAndTheStreamGoesOn() throws Exception {
        PeerServer server = server(Ports.quick());
        LinkProxy proxy = proxy(server);
        PeerStream stream = stream(proxy.address(), Ports.quick());
        Random random = new Random(7);
        List<Recorder.Got> sent = sendMany(stream, random, 50);
        proxy.swallow(true);
        try (ExecutorService sender = Executors.newSingleThreadExecutor()) {
            Future<List<Recorder.Got>> more = sender.submit(() -> sendMany(stream, random, 200));
            await().atMost(SOON).until(() -> proxy.connections() >= 3);
            proxy.swallow(false);
            sent.addAll(more.get(20, TimeUnit.SECONDS));
        }
        stream.finish();
        assertThat(recorder.frames).isEqualTo(sent);
        assertThat(server.counters().silent()).isPositive();
    }

    @Test
    void aLargeFrameOverASlowLinkIsNotTakenForSilence() throws Exception {
        PeerServer server = server(Ports.quick());
        LinkProxy proxy = proxy(server);
        PeerStream stream = stream(proxy.address(), Ports.quick());
        // A megabyte takes four silence time-outs.
        proxy.throttle(500_000);
        stream.send(1, ByteKind.DISK, ByteBuffer.allocate(PeerLimits.PAYLOAD_BYTES_MAX));
        stream.finish();
        assertThat(proxy.connections()).isEqualTo(1);
        assertThat(server.counters().silent()).isZero();
    }

    @Test
    void aQuietStreamStaysConnected() throws Exception {
        PeerServer server = server(Ports.quick());
        LinkProxy proxy = proxy(server);
        PeerStream stream = stream(proxy.address(), Ports.quick());
        long before = proxy.bytesOnward();
        // Several silence time-outs' worth of heartbeats.
        await().atMost(SOON).until(() -> proxy.bytesOnward() - before > 20L * Frame.HEADER_BYTES);
        stream.finish();
        assertThat(proxy.connections()).isEqualTo(1);
        assertThat(server.counters().silent()).isZero();
    }

    @Test
    void theWindowBoundsWhatASlowReceiverMakesUsHold() throws Exception {
        CountDownLatch gate = new CountDownLatch(1);
        recorder.gate = gate;
        PeerServer server = server(Ports.quick());
        PeerStream stream = stream(server.address(), Ports.quick());
        try (ExecutorService sender = Executors.newSingleThreadExecutor()) {
            Future<List<Recorder.Got>> sent = sender.submit(() -> sendMany(stream, new Random(3), 200));
            long window = Ports.quick().windowBytes();
            await().atMost(SOON).until(() -> stream.traffic().memoryBytes() > window / 2);
            await().pollDelay(Duration.ofMillis(600)).atMost(SOON).until(() -> true);
            assertThat(stream.traffic().memoryBytes()).isLessThanOrEqualTo(window);
            assertThat(sent.isDone()).isFalse();
            assertThat(server.counters().silent()).as("busy is not dead").isZero();
            gate.countDown();
            List<Recorder.Got> all = sent.get(20, TimeUnit.SECONDS);
            stream.finish();
            assertThat(recorder.frames).isEqualTo(all);
        }
    }

    @Test
    void theSmallestWindowAndTheLargestFramesGetThrough() throws Exception {
        PeerLimits standard = Ports.quick();
        PeerLimits smallest = new PeerLimits(
                2 * (PeerLimits.PAYLOAD_BYTES_MAX + Frame.HEADER_BYTES),
                standard.heartbeatEvery(),
                standard.silenceAfter(),
                standard.connectTimeout(),
                standard.backoffFirst(),
                standard.backoffMax(),
                standard.abandonAfter(),
                standard.stallAfter(),
                standard.answersKeptFor());
        PeerServer server = server(smallest);
        PeerStream stream = stream(server.address(), smallest);
        Random random = new Random(9);
        List<Recorder.Got> sent = new ArrayList<>();
        for (int i = 0; i < 60; i++) {
            byte[] bytes = new byte[PeerLimits.PAYLOAD_BYTES_MAX - (i % 3 == 0 ? 0 : random.nextInt(1_000_000))];
            stream.send(3, ByteKind.DISK, ByteBuffer.wrap(bytes));
            sent.add(Recorder.got(3, bytes));
        }
        for (int i = 0; i < 20_000; i++) {
            stream.send(4, ByteKind.DISK, ByteBuffer.allocate(0));
            sent.add(Recorder.got(4, new byte[0]));
        }
        stream.finish();
        assertThat(recorder.frames).isEqualTo(sent);
    }

    @Test
    void aReceiverThatAppliesNothingForLongIsGivenUpWithASentence() throws Exception {
        PeerLimits limits = Ports.limits(Duration.ofSeconds(10), Duration.ofMillis(700));
        CountDownLatch gate = new CountDownLatch(1);
        recorder.gate = gate;
        PeerServer server = server(limits);
        PeerStream stream = stream(server.address(), limits);
        stream.send(1, ByteKind.DISK, ByteBuffer.allocate(10));
        assertThatThrownBy(stream::awaitApplied)
                .isInstanceOf(StreamFailed.class)
                .hasMessageContaining("host-b has applied nothing for 700 ms");
        gate.countDown();
    }

    @Test
    void aFrameThatCannotBeAppliedEndsTheStreamWithTheReceiversSentence() throws Exception {
        PeerServer server = server(Ports.quick());
        PeerStream stream = stream(server.address(), Ports.quick());
        stream.send(1, ByteKind.DISK, ByteBuffer.allocate(10));
        stream.send(99, ByteKind.DISK, ByteBuffer.allocate(10));
        assertThatThrownBy(stream::awaitApplied)
                .isInstanceOf(StreamFailed.class)
                .hasMessageContaining("host-b failed: this receiver can't apply frame 2");
        assertThat(recorder.lost).contains("can't apply");
        assertThatThrownBy(() -> stream.send(1, ByteKind.DISK, ByteBuffer.allocate(1)))
                .hasMessageContaining("can't apply");
    }

    @Test
    void aReceiverThatDiesIsGivenUpAfterTheNamedTime() throws Exception {
        PeerLimits limits = Ports.limits(Duration.ofSeconds(1), Duration.ofSeconds(20));
        PeerServer server = server(limits);
        PeerStream stream = stream(server.address(), limits);
        server.close();
        assertThat(recorder.lost).contains("closing");
        stream.send(1, ByteKind.DISK, ByteBuffer.allocate(10));
        assertThatThrownBy(stream::awaitApplied)
                .isInstanceOf(StreamFailed.class)
                .hasMessageContaining("no connection to")
                .hasMessageContaining("given up");
    }

    @Test
    void aReceiverThatWasRestartedRefusesToGoOn() throws Exception {
        PeerServer first = server(Ports.quick());
        SocketAddress address = first.address();
        PeerStream stream = stream(address, Ports.quick());
        first.close();
        open.add(
                new PeerServer(address, "host-b", NO_CALLS, (f, i, h) -> recorder, Ports.quick(), PeerSockets.plain()));
        stream.send(1, ByteKind.DISK, ByteBuffer.allocate(10));
        assertThatThrownBy(stream::awaitApplied).hasMessageContaining("is not known here");
    }

    @Test
    void aSenderThatGivesUpIsLostAtOnce() throws Exception {
        PeerServer server = server(Ports.quick());
        PeerStream stream = stream(server.address(), Ports.quick());
        stream.send(1, ByteKind.DISK, ByteBuffer.allocate(10));
        stream.close();
        assertThat(recorder.over.await(5, TimeUnit.SECONDS)).isTrue();
        assertThat(recorder.lost).contains("host-a gave the stream up");
        assertThatThrownBy(() -> stream.send(1, ByteKind.DISK, ByteBuffer.allocate(1)))
                .isInstanceOf(StreamFailed.class)
                .hasMessageContaining("closed");
    }

    @Test
    void aSenderThatNeverComesBackIsLostAfterTheNamedTime() throws Exception {
        PeerLimits limits = Ports.limits(Duration.ofMillis(800), Duration.ofSeconds(20));
        PeerServer server = server(limits);
        LinkProxy proxy = proxy(server);
        stream(proxy.address(), limits);
        proxy.close();
        assertThat(recorder.over.await(10, TimeUnit.SECONDS)).isTrue();
        assertThat(recorder.lost).contains("host-a did not come back within 800 ms");
        await().atMost(SOON).until(() -> server.counters().openStreams() == 0);
    }

    @Test
    void anAnswerSurvivesALostConnection() throws Exception {
        PeerServer server = server(Ports.quick());
        LinkProxy proxy = proxy(server);
        PeerStream stream = stream(proxy.address(), Ports.quick());
        byte[] question = new byte[10_000];
        new Random(4).nextBytes(question);
        for (int i = 0; i < 20; i++) {
            proxy.cutAfter(5_000L + i * 300L);
            assertThat(stream.request(42, ByteKind.CONTROL, question, SOON)).isEqualTo(question);
        }
        assertThat(recorder.frames).hasSize(20);
        stream.finish();
    }

    @Test
    void aStreamThatIsNotWantedIsRefusedAtOpen() throws Exception {
        PeerServer server = Ports.server(
                NO_CALLS,
                (from, id, hello) -> {
                    throw new PeerRefused("no-reservation", "no reservation " + id + " of " + from);
                },
                Ports.quick());
        open.add(server);
        assertThatThrownBy(() -> stream(server.address(), Ports.quick()))
                .isInstanceOf(PeerRefused.class)
                .hasMessageContaining("no reservation s-1 of host-a");
        assertThat(server.counters().openStreams()).isZero();
    }

    @Test
    void nobodyThereIsAnErrorThatNamesTheAddress() throws Exception {
        PeerServer server = server(Ports.quick());
        SocketAddress address = server.address();
        server.close();
        assertThatThrownBy(() -> stream(address, Ports.quick()))
                .isInstanceOf(PeerUnreachable.class)
                .hasMessageContaining("s-1")
                .hasMessageContaining(address.toString().replaceAll(".*:", ""))
                .hasMessageContaining("onnection refused");
    }

    @Test
    void aFrameLargerThanTheBoundFailsAtTheSender() throws Exception {
        PeerServer server = server(Ports.quick());
        PeerStream stream = stream(server.address(), Ports.quick());
        assertThatThrownBy(() -> stream.send(1, ByteKind.DISK, ByteBuffer.allocate(PeerLimits.PAYLOAD_BYTES_MAX + 1)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("1048577");
        stream.send(1, ByteKind.DISK, ByteBuffer.allocate(PeerLimits.PAYLOAD_BYTES_MAX));
        stream.finish();
    }

    private static PeerServer impatient(StreamHandler streams, ThreadFactory readers) throws IOException {
        return new PeerServer(
                Ports.any(),
                "host-b",
                NO_CALLS,
                streams,
                Ports.quick(),
                PeerSockets.plain(),
                readers,
                Duration.ofMillis(200));
    }

    @Test
    void aPortIsClosedThoughAReceiverNeverReturnsFromAFrame() throws Exception {
        CountDownLatch inFrame = new CountDownLatch(1);
        CountDownLatch release = new CountDownLatch(1);
        CountDownLatch lost = new CountDownLatch(1);
        StreamReceiver stuck = new StreamReceiver() {
            @Override
            public byte @Nullable [] onFrame(int type, ByteBuffer payload) {
                inFrame.countDown();
                boolean interrupted = false;
                while (release.getCount() > 0) {
                    try {
                        release.await();
                    } catch (InterruptedException e) {
                        interrupted = true;
                    }
                }
                assertThat(interrupted).isTrue();
                return null;
            }

            @Override
            public void onEnd() {
                throw new AssertionError("the stream has no end");
            }

            @Override
            public void onLost(String reason) {
                lost.countDown();
            }
        };
        PeerServer server = impatient((from, id, hello) -> stuck, Thread::new);
        PeerStream stream = stream(server.address(), Ports.quick());
        stream.send(1, ByteKind.CONTROL, ByteBuffer.allocate(10));
        assertThat(inFrame.await(20, TimeUnit.SECONDS)).isTrue();
        try {
            CompletableFuture.runAsync(server::close).get(20, TimeUnit.SECONDS);
            assertThat(lost.getCount())
                    .as("a receiver is never called by two threads at once")
                    .isEqualTo(1);
        } finally {
            release.countDown();
        }
        assertThat(lost.await(20, TimeUnit.SECONDS))
                .as("its own thread tells it")
                .isTrue();
    }

    @Test
    void aReceiverThatWaitsInAFrameIsInterruptedWhenThePortIsClosed() throws Exception {
        CountDownLatch never = new CountDownLatch(1);
        recorder.gate = never;
        PeerServer server = impatient((from, id, hello) -> recorder, Thread::new);
        PeerStream stream = stream(server.address(), Ports.quick());
        stream.send(1, ByteKind.CONTROL, ByteBuffer.allocate(10));
        CompletableFuture.runAsync(server::close).get(20, TimeUnit.SECONDS);
        assertThat(recorder.over.await(20, TimeUnit.SECONDS)).isTrue();
        assertThat(recorder.ended).isFalse();
    }

    @Test
    void aPeerForWhomNoThreadCanBeMadeIsClosedAndTheNextOneIsServed() throws Exception {
        AtomicInteger refusals = new AtomicInteger(3);
        PeerServer server = impatient((from, id, hello) -> recorder, work -> {
            if (refusals.getAndDecrement() > 0) {
                throw new OutOfMemoryError("unable to create native thread (the test)");
            }
            return new Thread(work);
        });
        open.add(server);
        PeerStream stream = stream(server.address(), Ports.quick());
        stream.send(1, ByteKind.CONTROL, ByteBuffer.allocate(10));
        stream.finish();
        assertThat(recorder.over.await(20, TimeUnit.SECONDS)).isTrue();
        assertThat(recorder.ended).isTrue();
    }
}
