package dev.godwit.volume;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLongArray;
import org.junit.jupiter.api.Test;

class SinkPagesTest {
    private static final long SEED = 0x51a4L;
    private static final int PAGES = 300;

    @Test
    void aPageLeavesOnlyWhenItIsAcknowledged() {
        SinkPages sink = new DirtySets(PAGES).open("peer");
        sink.mark(10, 5);

        assertThat(sink.take().count()).isEqualTo(5);
        assertThat(sink.dirtyCount()).isZero();
        assertThat(sink.unacknowledgedCount()).isEqualTo(5);
        sink.acknowledge(10, 2);
        sink.lost();

        assertThat(sink.dirtyCount()).isEqualTo(3);
        assertThat(sink.take().next(0)).isEqualTo(12);
    }

    @Test
    void anAcknowledgementOfTheFirstSendDoesNotCoverTheSecond() {
        SinkPages sink = new DirtySets(PAGES).open("peer");
        sink.mark(7, 1);
        sink.take();
        sink.mark(7, 1);
        sink.take();

        sink.acknowledge(7, 1);
        assertThat(sink.unacknowledgedCount()).isEqualTo(1);
        sink.lost();

        assertThat(sink.dirtyCount()).as("the second content never arrived").isEqualTo(1);
    }

    @Test
    void aPageThatIsOnItsWayThreeTimesWaitsInTheDirtySet() {
        SinkPages sink = new DirtySets(PAGES).open("peer");
        for (int i = 0; i < 3; i++) {
            sink.mark(7, 1);
            assertThat(sink.take().count()).isEqualTo(1);
        }
        sink.mark(7, 1);

        assertThat(sink.take().isEmpty()).isTrue();
        assertThat(sink.dirtyCount()).isEqualTo(1);
        sink.acknowledge(7, 1);
        assertThat(sink.take().count()).isEqualTo(1);
    }

    /** A model sink: it has the content of a page as it was when the page was copied after a take. */
    @Test
    void aSinkThatAppliesWhatIsTakenEndsEqualWhateverIsLost() {
        SplittableRandom random = new SplittableRandom(SEED);
        for (int round = 0; round < 300; round++) {
            String where = "seed " + SEED + " round " + round;
            long[] source = new long[PAGES];
            long[] target = new long[PAGES];
            ArrayDeque<long[]> wire = new ArrayDeque<>();
            DirtySets sets = new DirtySets(PAGES);
            SinkPages sink = sets.open("peer");
            for (int step = 0; step < 400; step++) {
                switch (random.nextInt(8)) {
                    case 0, 1, 2, 3 -> {
                        int page = random.nextInt(PAGES);
                        source[page]++;
                        sets.mark(page, 1);
                    }
                    case 4 -> send(sink, source, wire);
                    case 5, 6 -> deliver(sink, target, wire, random.nextInt(20));
                    default -> {
                        if (random.nextInt(10) == 0) {
                            wire.clear();
                            sink.lost();
                        }
                    }
                }
            }
            while (sink.dirtyCount() > 0 || sink.unacknowledgedCount() > 0) {
                send(sink, source, wire);
                deliver(sink, target, wire, Integer.MAX_VALUE);
            }
            assertThat(target).as(where).isEqualTo(source);
        }
    }

    private static void send(SinkPages sink, long[] source, ArrayDeque<long[]> wire) {
        PageSet taken = sink.take();
        for (long page = taken.next(0); page >= 0; page = taken.next(page + 1)) {
            wire.add(new long[] {page, source[(int) page]});
        }
    }

    private static void deliver(SinkPages sink, long[] target, ArrayDeque<long[]> wire, int most) {
        for (int i = 0; i < most && !wire.isEmpty(); i++) {
            long[] frame = wire.remove();
            target[(int) frame[0]] = frame[1];
            sink.acknowledge(frame[0], 1);
        }
    }

    @Test
    void noMarkIsLostBetweenWritersATakerAndLostConnections() throws Exception {
        int writers = 3;
        AtomicLongArray source = new AtomicLongArray(PAGES);
        long[] target = new long[PAGES];
        DirtySets sets = new DirtySets(PAGES);
        SinkPages sink = sets.open("peer");
        ExecutorService threads = Executors.newFixedThreadPool(writers);
        try {
            Future<?>[] done = new Future<?>[writers];
            for (int w = 0; w < writers; w++) {
                SplittableRandom random = new SplittableRandom(SEED + w);
                done[w] = threads.submit(() -> {
                    for (int i = 0; i < 100_000; i++) {
                        int page = random.nextInt(PAGES);
                        source.incrementAndGet(page);
                        sets.mark(page, 1);
                    }
                });
            }
            SplittableRandom random = new SplittableRandom(SEED);
            while (!Arrays.stream(done).allMatch(Future::isDone)) {
                drainOnce(sink, source, target, random.nextInt(4) == 0);
            }
            for (Future<?> writer : done) {
                writer.get(10, TimeUnit.SECONDS);
            }
            drainOnce(sink, source, target, true);
            drainOnce(sink, source, target, false);
            for (int page = 0; page < PAGES; page++) {
                assertThat(target[page]).as("page %s, seed %s", page, SEED).isEqualTo(source.get(page));
            }
            assertThat(sink.unacknowledgedCount()).isZero();
        } finally {
            threads.shutdownNow();
        }
    }

    private static void drainOnce(SinkPages sink, AtomicLongArray source, long[] target, boolean lose) {
        PageSet taken = sink.take();
        if (lose) {
            sink.lost();
            return;
        }
        for (long page = taken.next(0); page >= 0; page = taken.next(page + 1)) {
            target[(int) page] = source.get((int) page);
            sink.acknowledge(page, 1);
        }
    }

    @Test
    void everySinkGetsEveryMarkAndAClosedOneNone() {
        DirtySets sets = new DirtySets(PAGES);
        SinkPages peer = sets.open("peer");
        SinkPages store = sets.open("store");
        sets.mark(3, 2);
        peer.take();
        sets.close(peer);
        PageSet written = new PageSet(PAGES);
        written.add(100, 1);
        sets.mark(written);

        assertThat(store.dirtyCount()).isEqualTo(3);
        assertThat(peer.dirtyCount()).isZero();
        assertThatThrownBy(() -> sets.open("store")).hasMessage("sink store is open already");
    }
}
