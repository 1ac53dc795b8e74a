package dev.godwit.replication;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.godwit.peer.PeerLimits;
import dev.godwit.peer.PeerStream;
import dev.godwit.volume.Pages;
import dev.godwit.volume.VolumeKind;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LinkFaultTest {
    private static final int PAGES = 3000;

    private final MemoryVolume ram = new MemoryVolume(VolumeKind.MEMORY, PAGES);
    private final MemoryVolume disk = new MemoryVolume(VolumeKind.DISK, PAGES);
    private final MemoryVolume ramThere = new MemoryVolume(VolumeKind.MEMORY, PAGES);
    private final MemoryVolume diskThere = new MemoryVolume(VolumeKind.DISK, PAGES);
    private final ByteArrayOutputStream stateThere = new ByteArrayOutputStream();
    private final Reception reception = Pair.reception(stateThere, ramThere, diskThere);
    private final AtomicReference<FrameProxy> link = new AtomicReference<>();

    @AfterEach
    void closeTheLink() throws IOException {
        link.get().close();
    }

    private FrameProxy link() {
        return link.get();
    }

    private Pair pair(PeerLimits limits) throws IOException {
        return new Pair(limits, server -> {
            try {
                link.set(new FrameProxy(server));
            } catch (IOException e) {
                throw new IllegalStateException(e);
            }
            return link.get().address();
        });
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void aLinkThatIsCutAgainAndAgainLosesNothing(long seed) throws Exception {
        Random random = new Random(seed);
        AtomicInteger untilCut = new AtomicInteger(1 + random.nextInt(10));
        try (Pair pair = pair(Pair.quick())) {
            link().sabotage((type, sequence, payload) -> {
                if (untilCut.decrementAndGet() == 0) {
                    untilCut.set(1 + random.nextInt(15));
                    link().cut();
                }
                return payload;
            });
            moveEverything(pair, random);
            assertThat(pair.server.counters().resumed()).isPositive();
        }
        assertEqualThere();
    }

    @Test
    void aLinkThatSwallowsEverythingIsNoticedAndTheMoveGoesOn() throws Exception {
        Random random = new Random(11);
        AtomicInteger frames = new AtomicInteger();
        try (Pair pair = pair(Pair.quick())) {
            link().sabotage((type, sequence, payload) -> {
                if (frames.incrementAndGet() == 4) {
                    link().swallow(true);
                    // Longer than the silence time-out, by far shorter than a stream is kept.
                    Thread.ofVirtual().start(() -> {
                        pause(Duration.ofMillis(1500));
                        link().swallow(false);
                    });
                }
                return payload;
            });
            moveEverything(pair, random);
            assertThat(pair.server.counters().resumed()).isPositive();
            assertThat(pair.server.counters().silent()).isPositive();
        }
        assertEqualThere();
    }

    @Test
    void aFlippedBitIsCaughtByTheChecksumAndSentAgain() throws Exception {
        Random random = new Random(12);
        try (Pair pair = pair(Pair.quick())) {
            link().flipOneBit();
            moveEverything(pair, random);
            assertThat(pair.server.counters().garbage()).isEqualTo(1);
            assertThat(pair.server.counters().resumed()).isPositive();
        }
        assertEqualThere();
    }

    @Test
    void onePageDroppedOnTheWayIsCaughtByTheDigests() throws Exception {
        AtomicBoolean done = new AtomicBoolean();
        assertCaught((type, sequence, payload) -> type == FrameType.PAGES ? withoutRun(payload, false, done) : payload);
        assertThat(done).isTrue();
    }

    @Test
    void oneZeroPageDroppedOnTheWayIsCaughtByTheDigests() throws Exception {
        AtomicBoolean done = new AtomicBoolean();
        assertCaught((type, sequence, payload) -> type == FrameType.PAGES ? withoutRun(payload, true, done) : payload);
        assertThat(done).isTrue();
    }

    @Test
    void onePageAlteredOnTheWayIsCaughtByTheDigests() throws Exception {
        AtomicBoolean done = new AtomicBoolean();
        assertCaught((type, sequence, payload) -> {
            if (type == FrameType.PAGES && payload.get(2) == 0 && payload.getInt(8) > 0 && !done.getAndSet(true)) {
                int last = payload.limit() - 1;
                payload.put(last, (byte) (payload.get(last) ^ 1));
            }
            return payload;
        });
        assertThat(done).isTrue();
    }

    @Test
    void aPageWrittenTwiceWhoseSecondFrameIsDroppedIsCaught() throws Exception {
        AtomicBoolean second = new AtomicBoolean();
        AtomicBoolean done = new AtomicBoolean();
        Random random = new Random(17);
        fill(ram, random, 100, true);
        try (Pair pair = pair(Pair.quick());
                PeerStream stream = pair.open("move", reception);
                Replication replication =
                        new Replication("host-b", List.of(ram, disk), stream, ReplicationLimits.standard())) {
            link().sabotage((type, sequence, payload) ->
                    type == FrameType.PAGES && second.get() ? withoutRun(payload, false, done) : payload);
            replication.start();
            replication.round();
            second.set(true);
            long page = ram.content().next(0);
            ram.poke(page, 3, random.nextLong());
            ram.poke(ram.content().next(page + 2), 3, random.nextLong());
            replication.catchUp();
            assertThatThrownBy(replication::seal).isInstanceOf(ReplicationFailed.class);
        }
        assertThat(done).isTrue();
    }

    private void assertCaught(FrameProxy.Saboteur saboteur) throws Exception {
        Random random = new Random(13);
        try (Pair pair = pair(Pair.quick());
                PeerStream stream = pair.open("move", reception);
                Replication replication =
                        new Replication("host-b", List.of(ram, disk), stream, ReplicationLimits.standard())) {
            link().sabotage(saboteur);
            fill(ram, random, 400, true);
            fill(disk, random, 100, true);
            disk.clear(disk.content().next(0));
            replication.start();
            replication.round();
            replication.catchUp();
            assertThatThrownBy(replication::seal)
                    .isInstanceOf(ReplicationFailed.class)
                    .hasMessageContaining("host-b does not hold what was sent: volume ");
            assertThat(reception.sealed()).isCompletedExceptionally();
        }
    }

    /** The frame without one page, made anew as an honest sender would; compressed frames are left alone. */
    private static ByteBuffer withoutRun(ByteBuffer payload, boolean zero, AtomicBoolean done) {
        int runs = payload.getInt(4);
        int contentBytes = payload.getInt(8);
        if (done.get() || payload.get(2) != 0 || runs < 2) {
            return payload;
        }
        int contentAt = PagesFrame.HEADER_BYTES + runs * PagesFrame.RUN_BYTES;
        for (int i = 0; i < runs; i++) {
            int word = payload.getInt(PagesFrame.HEADER_BYTES + i * PagesFrame.RUN_BYTES + 8);
            int bytes = word < 0 ? 0 : word * Pages.PAGE_BYTES;
            if (word < 0 == zero) {
                ByteBuffer out = ByteBuffer.allocate(payload.limit() - PagesFrame.RUN_BYTES - bytes);
                out.put(payload.slice(0, 4)).putInt(runs - 1).putInt(contentBytes - bytes);
                out.put(payload.slice(12, i * PagesFrame.RUN_BYTES));
                int rest = 12 + (i + 1) * PagesFrame.RUN_BYTES;
                out.put(payload.slice(rest, contentAt - rest));
                int before = 0;
                for (int j = 0; j < i; j++) {
                    int w = payload.getInt(PagesFrame.HEADER_BYTES + j * PagesFrame.RUN_BYTES + 8);
                    before += w < 0 ? 0 : w * Pages.PAGE_BYTES;
                }
                out.put(payload.slice(contentAt, before));
                out.put(payload.slice(contentAt + before + bytes, payload.limit() - contentAt - before - bytes));
                done.set(true);
                return out.flip();
            }
        }
        return payload;
    }

    private void moveEverything(Pair pair, Random random) throws Exception {
        byte[] state = new byte[100_000];
        random.nextBytes(state);
        try (PeerStream stream = pair.open("move", reception);
                Replication replication =
                        new Replication("host-b", List.of(ram, disk), stream, ReplicationLimits.standard())) {
            fill(ram, random, 1500, true);
            fill(disk, random, 500, true);
            replication.start();
            replication.round();
            fill(ram, random, 100, true);
            replication.round();
            fill(disk, random, 10, true);
            replication.catchUp();
            replication.sendState(state);
            replication.seal();
            stream.finish();
            reception.sealed().get(5, TimeUnit.SECONDS);
        }
        assertThat(stateThere.toByteArray()).isEqualTo(state);
    }

    private void assertEqualThere() {
        assertThat(ram.difference(ramThere)).isEqualTo(-1);
        assertThat(disk.difference(diskThere)).isEqualTo(-1);
    }

    static void fill(MemoryVolume volume, Random random, int pages, boolean incompressible) {
        byte[] page = new byte[Pages.PAGE_BYTES];
        for (int i = 0; i < pages; i++) {
            long at = random.nextLong(volume.pageCount());
            if (incompressible) {
                random.nextBytes(page);
                volume.put(at, page);
            } else {
                volume.poke(at, random.nextInt(512), random.nextLong());
            }
        }
    }

    private static void pause(Duration time) {
        try {
            new java.util.concurrent.CountDownLatch(1).await(time.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
