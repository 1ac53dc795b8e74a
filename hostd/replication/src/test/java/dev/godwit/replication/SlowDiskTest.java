package dev.godwit.replication;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.godwit.peer.PeerLimits;
import dev.godwit.peer.PeerStream;
import dev.godwit.volume.Pages;
import dev.godwit.volume.VolumeKind;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;

/** A target whose medium is slow or broken. */
class SlowDiskTest {
    private static final int PAGES = 512;
    /** Above the time that a question is held, so that only a flush that blocks the stream stalls it. */
    private static final Duration STALL = Duration.ofSeconds(2);

    private static final Duration HELD = Duration.ofMillis(50);

    private final MemoryVolume disk = new MemoryVolume(VolumeKind.DISK, PAGES);
    private final CountDownLatch flushBegan = new CountDownLatch(1);

    private static PeerLimits stalling() {
        PeerLimits quick = Pair.quick();
        return new PeerLimits(
                quick.windowBytes(),
                quick.heartbeatEvery(),
                quick.silenceAfter(),
                quick.connectTimeout(),
                quick.backoffFirst(),
                quick.backoffMax(),
                quick.abandonAfter(),
                STALL,
                quick.answersKeptFor());
    }

    /** A disk whose flush takes as long as {@code until} waits. */
    private MemoryVolume slow(long pages, CountDownLatch until, Duration atMost) {
        return new MemoryVolume(VolumeKind.DISK, pages) {
            @Override
            public void flush() {
                flushBegan.countDown();
                try {
                    until.await(atMost.toMillis(), TimeUnit.MILLISECONDS);
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
                super.flush();
            }
        };
    }

    @Test
    void aFlushThatTakesLongerThanAStalledStreamMayIsWaitedFor() throws Exception {
        MemoryVolume there = slow(PAGES, new CountDownLatch(1), STALL.multipliedBy(2));
        LinkFaultTest.fill(disk, new Random(1), 200, true);
        Reception reception = new Reception(List.of(there), ByteArrayOutputStream::new, HELD);
        try (Pair pair = new Pair(stalling(), address -> address);
                PeerStream stream = pair.open("slow", reception);
                Replication replication =
                        new Replication("host-b", List.of(disk), stream, ReplicationLimits.standard())) {
            replication.start();
            RoundReport round = replication.round();
            assertThat(there.flushes.get()).isEqualTo(1);
            assertThat(round.elapsed()).isGreaterThanOrEqualTo(STALL.multipliedBy(2));
        }
    }

    @Test
    void aDiskThatIsNotDurableInTimeFailsTheRoundInASentence() throws Exception {
        CountDownLatch never = new CountDownLatch(1);
        MemoryVolume there = slow(PAGES, never, Duration.ofSeconds(30));
        LinkFaultTest.fill(disk, new Random(1), 20, true);
        ReplicationLimits impatient = new ReplicationLimits(64, Duration.ofSeconds(20), Duration.ofMillis(1));
        try (Pair pair = new Pair();
                PeerStream stream =
                        pair.open("never", new Reception(List.of(there), ByteArrayOutputStream::new, HELD));
                Replication replication = new Replication("host-b", List.of(disk), stream, impatient)) {
            replication.start();
            assertThatThrownBy(replication::round)
                    .isInstanceOf(ReplicationFailed.class)
                    .hasMessageContaining("the disks of host-b did not bring a round to their medium");
        } finally {
            never.countDown();
        }
    }

    @Test
    void theMediumWritesWhileTheDiskIsStillBeingFilled() throws Exception {
        int pages = 65 * 256;
        CountDownLatch release = new CountDownLatch(1);
        MemoryVolume there = slow(pages, release, Duration.ofSeconds(30));
        Reception reception = new Reception(List.of(there), ByteArrayOutputStream::new, HELD);
        reception.onFrame(
                FrameType.VOLUMES,
                ByteBuffer.allocateDirect(9).put((byte) 1).putLong(pages).flip());
        ByteBuffer frame =
                ByteBuffer.allocateDirect(PagesFrame.HEADER_BYTES + PagesFrame.RUN_BYTES + 128 * Pages.PAGE_BYTES);
        int sent = 0;
        while (sent < pages) {
            frame.clear();
            new PagesFrame(0, false, 1, 128 * Pages.PAGE_BYTES).put(frame);
            new PagesFrame.Run(sent, 128, false).put(frame);
            reception.onFrame(FrameType.PAGES, frame.position(0));
            sent += 128;
        }
        assertThat(flushBegan.await(30, TimeUnit.SECONDS)).isTrue();
        reception.onFrame(FrameType.ROUND, ByteBuffer.allocateDirect(0));
        assertThat(reception.onFrame(FrameType.DURABLE, ByteBuffer.allocateDirect(0)))
                .as("the flush under way does not cover the newest pages")
                .containsExactly(0);
        release.countDown();
        Awaitility.await().atMost(Duration.ofSeconds(30)).until(() -> durable(reception) == 1);
        assertThat(there.flushes.get()).isEqualTo(2);
        reception.onLost("the test is over");
    }

    private static int durable(Reception reception) {
        try {
            return java.util.Objects.requireNonNull(reception.onFrame(FrameType.DURABLE, ByteBuffer.allocateDirect(0)))[
                    0];
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    @Test
    void aMediumThatRefusesEndsTheMoveWithItsWords() throws Exception {
        MemoryVolume broken = new MemoryVolume(VolumeKind.DISK, PAGES) {
            @Override
            public void flush() {
                throw new IllegalStateException("EIO on overlay.raw");
            }
        };
        LinkFaultTest.fill(disk, new Random(1), 20, true);
        try (Pair pair = new Pair();
                PeerStream stream =
                        pair.open("broken", new Reception(List.of(broken), ByteArrayOutputStream::new, HELD));
                Replication replication =
                        new Replication("host-b", List.of(disk), stream, ReplicationLimits.standard())) {
            replication.start();
            assertThatThrownBy(replication::round).hasMessageContaining("EIO on overlay.raw");
        }
    }
}
