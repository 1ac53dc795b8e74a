package dev.godwit.replication;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.godwit.peer.PeerStream;
import dev.godwit.volume.PageSet;
import dev.godwit.volume.VolumeKind;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BusyGuestTest {
    /** As many small moves as fit the time: 1,000 on a quiet machine. */
    private static final int RUNS = 1000;

    private static final long NANOS_MAX = 10_000_000_000L;

    @Test
    void whateverAGuestWritesMeanwhileTheTargetHoldsItAfterTheLastRound() throws Exception {
        long until = System.nanoTime() + NANOS_MAX;
        int runs = 0;
        try (Pair pair = new Pair()) {
            for (int seed = 0; seed < RUNS && System.nanoTime() < until; seed++, runs++) {
                moveABusyGuest(pair, seed);
            }
        }
        assertThat(runs).isGreaterThan(50);
    }

    private static void moveABusyGuest(Pair pair, int seed) throws Exception {
        Random random = new Random(seed);
        int pages = 1 + random.nextInt(400);
        MemoryVolume ram = new MemoryVolume(VolumeKind.MEMORY, pages);
        MemoryVolume disk = new MemoryVolume(VolumeKind.DISK, pages);
        MemoryVolume ramThere = new MemoryVolume(VolumeKind.MEMORY, pages);
        MemoryVolume diskThere = new MemoryVolume(VolumeKind.DISK, pages);
        Reception reception = Pair.reception(new ByteArrayOutputStream(), ramThere, diskThere);
        write(ram, random, random.nextInt(300));
        write(disk, random, random.nextInt(300));
        AtomicBoolean paused = new AtomicBoolean();
        Thread guest = Thread.ofPlatform().start(() -> {
            Random own = new Random(random.nextLong());
            while (!paused.get()) {
                write(own.nextBoolean() ? ram : disk, own, 5);
            }
        });
        ReplicationLimits limits = new ReplicationLimits(
                16 + random.nextInt(225),
                ReplicationLimits.standard().answerTimeout(),
                ReplicationLimits.standard().durableTimeout());
        try (PeerStream stream = pair.open("busy-" + seed, reception);
                Replication replication = new Replication("host-b", List.of(ram, disk), stream, limits)) {
            replication.start();
            for (int i = random.nextInt(4); i > 0; i--) {
                replication.round();
            }
            paused.set(true);
            guest.join();
            replication.catchUp();
            assertThat(ram.difference(ramThere)).as("RAM page, seed %d", seed).isEqualTo(-1);
            assertThat(disk.difference(diskThere))
                    .as("disk page, seed %d", seed)
                    .isEqualTo(-1);
            write(ram, random, random.nextInt(3));
            replication.sendState(new byte[] {1, 2, 3});
            replication.seal();
            stream.finish();
            assertThat(ram.difference(ramThere))
                    .as("RAM page that the save wrote, seed %d", seed)
                    .isEqualTo(-1);
        } finally {
            paused.set(true);
            guest.join();
        }
    }

    /** Writes of all kinds: a word, a page of noise, a page of text, a page made zero, a word made zero. */
    private static void write(MemoryVolume volume, Random random, int times) {
        byte[] whole = new byte[4096];
        for (int i = 0; i < times; i++) {
            long page = random.nextLong(volume.pageCount());
            switch (random.nextInt(5)) {
                case 0 -> volume.poke(page, random.nextInt(512), random.nextLong());
                case 1 -> {
                    random.nextBytes(whole);
                    volume.put(page, whole);
                }
                case 2 -> {
                    java.util.Arrays.fill(whole, (byte) ('a' + random.nextInt(26)));
                    volume.put(page, whole);
                }
                case 3 -> volume.clear(page);
                default -> volume.poke(page, random.nextInt(512), 0);
            }
        }
    }

    @Test
    void afterAFailedMoveASecondOneOfTheSameVolumesStartsClean() throws Exception {
        Random random = new Random(5);
        MemoryVolume ram = new MemoryVolume(VolumeKind.MEMORY, 500);
        write(ram, random, 400);
        try (Pair pair = new Pair()) {
            MemoryVolume failing = new MemoryVolume(VolumeKind.MEMORY, 500) {
                @Override
                public void write(long first, int count, java.lang.foreign.MemorySegment from) throws IOException {
                    throw new IOException("no space left on host-b");
                }
            };
            Reception reception = Pair.reception(new ByteArrayOutputStream(), failing);
            try (PeerStream stream = pair.open("first", reception);
                    Replication first = new Replication("host-b", List.of(ram), stream, ReplicationLimits.standard())) {
                first.start();
                assertThatThrownBy(first::round).hasMessageContaining("no space left on host-b");
                assertThat(reception.sealed()).isCompletedExceptionally();
            }
            write(ram, random, 10);
            MemoryVolume there = new MemoryVolume(VolumeKind.MEMORY, 500);
            try (PeerStream stream = pair.open("second", Pair.reception(new ByteArrayOutputStream(), there));
                    Replication second =
                            new Replication("host-b", List.of(ram), stream, ReplicationLimits.standard())) {
                second.start();
                second.round();
                second.catchUp();
                second.seal();
                stream.finish();
            }
            assertThat(ram.difference(there)).isEqualTo(-1);
        }
    }

    @Test
    void aWriteThatTrackingMissedIsSeenByARecheckOnly() throws Exception {
        MemoryVolume forgetful = new MemoryVolume(VolumeKind.MEMORY, 500);
        write(forgetful, new Random(9), 800);
        try (Pair pair = new Pair();
                PeerStream stream = pair.open(
                        "forget",
                        Pair.reception(new ByteArrayOutputStream(), new MemoryVolume(VolumeKind.MEMORY, 500)));
                Replication replication =
                        new Replication("host-b", List.of(forgetful), stream, ReplicationLimits.standard())) {
            replication.start();
            replication.round();
            forgetful.forgetWrites(() -> forgetful.poke(33, 1, 77));
            replication.catchUp();
            assertThat(replication.recheck()).singleElement().satisfies(check -> {
                assertThat(check.differing()).isEqualTo(1);
                assertThat(check.firstDiffering()).isEqualTo(33);
            });
            forgetful.poke(33, 1, 78);
            replication.catchUp();
            assertThat(replication.recheck().getFirst().differing()).isZero();
            replication.seal();
            stream.finish();
        }
    }

    @Test
    void aSparseGibibyteCostsWhatItHolds(@TempDir Path directory) throws Exception {
        MemoryVolume ram = new MemoryVolume(VolumeKind.MEMORY, sparseGibibyte(directory.resolve("here")));
        MemoryVolume there = new MemoryVolume(VolumeKind.MEMORY, sparseGibibyte(directory.resolve("there")));
        LinkFaultTest.fill(ram, new Random(8), 3000, true);
        long content = ram.content().count() * 4096;
        try (Pair pair = new Pair();
                PeerStream stream = pair.open("sparse", Pair.reception(new ByteArrayOutputStream(), there));
                Replication replication =
                        new Replication("host-b", List.of(ram), stream, ReplicationLimits.standard())) {
            replication.start();
            assertThat(replication.round().bytes().memoryBytes()).isBetween(content, content + content / 50);
            replication.catchUp();
            replication.seal();
            stream.finish();
        }
        PageSet pages = ram.content();
        for (long page = pages.next(0); page >= 0; page = pages.next(page + 1)) {
            assertThat(ram.differsAt(page, there)).as("page %d", page).isFalse();
        }
    }

    private static MemorySegment sparseGibibyte(Path file) throws IOException {
        try (FileChannel channel = FileChannel.open(
                file, StandardOpenOption.CREATE_NEW, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            return channel.map(FileChannel.MapMode.READ_WRITE, 0, 1L << 30, Arena.ofAuto());
        }
    }

    @Test
    void aTargetOfAnotherSizeIsRefusedWithBothSizes() throws Exception {
        MemoryVolume ram = new MemoryVolume(VolumeKind.MEMORY, 500);
        try (Pair pair = new Pair();
                PeerStream stream = pair.open(
                        "odd", Pair.reception(new ByteArrayOutputStream(), new MemoryVolume(VolumeKind.MEMORY, 400)));
                Replication replication =
                        new Replication("host-b", List.of(ram), stream, ReplicationLimits.standard())) {
            assertThatThrownBy(replication::start)
                    .hasMessageContaining("500 pages")
                    .hasMessageContaining("MEMORY with 400");
        }
    }

    @Test
    void aDiskPageThatIsZeroIsSentThoughItWasNeverSentBefore() throws Exception {
        MemoryVolume disk = new MemoryVolume(VolumeKind.DISK, 50);
        MemoryVolume there = new MemoryVolume(VolumeKind.DISK, 50);
        // What the base image below the overlay holds at both hosts.
        there.poke(7, 0, 1234);
        disk.poke(7, 0, 1234);
        disk.clear(7);
        try (Pair pair = new Pair();
                PeerStream stream = pair.open("zero", Pair.reception(new ByteArrayOutputStream(), there));
                Replication replication =
                        new Replication("host-b", List.of(disk), stream, ReplicationLimits.standard())) {
            replication.start();
            assertThat(replication.round().zeroPages()).isEqualTo(1);
            replication.catchUp();
            replication.seal();
            stream.finish();
        }
        assertThat(disk.difference(there)).isEqualTo(-1);
    }

    @Test
    void memoryThatWasAlwaysZeroCostsNothingAndMemoryThatBecameZeroIsSent() throws Exception {
        MemoryVolume ram = new MemoryVolume(VolumeKind.MEMORY, 1000);
        MemoryVolume there = new MemoryVolume(VolumeKind.MEMORY, 1000);
        for (int page = 0; page < 1000; page++) {
            ram.clear(page);
        }
        ram.poke(9, 9, 9);
        try (Pair pair = new Pair();
                PeerStream stream = pair.open("zero", Pair.reception(new ByteArrayOutputStream(), there));
                Replication replication =
                        new Replication("host-b", List.of(ram), stream, ReplicationLimits.standard())) {
            replication.start();
            RoundReport first = replication.round();
            assertThat(first.unchangedPages()).isEqualTo(999);
            assertThat(first.bytes().memoryBytes()).isLessThan(5000);
            ram.clear(9);
            assertThat(replication.round().zeroPages()).isEqualTo(1);
            replication.seal();
            stream.finish();
        }
        assertThat(ram.difference(there)).isEqualTo(-1);
    }

    @Test
    void noiseGrowsByLessThanAPercentOnTheWire() throws Exception {
        MemoryVolume ram = new MemoryVolume(VolumeKind.MEMORY, 4000);
        MemoryVolume there = new MemoryVolume(VolumeKind.MEMORY, 4000);
        LinkFaultTest.fill(ram, new Random(6), 20_000, true);
        long content = ram.content().count() * 4096;
        try (Pair pair = new Pair();
                PeerStream stream = pair.open("noise", Pair.reception(new ByteArrayOutputStream(), there));
                Replication replication =
                        new Replication("host-b", List.of(ram), stream, ReplicationLimits.standard())) {
            replication.start();
            RoundReport round = replication.round();
            assertThat(round.bytes().memoryBytes()).isBetween(content, content + content / 100);
            replication.seal();
            stream.finish();
        }
    }
}
