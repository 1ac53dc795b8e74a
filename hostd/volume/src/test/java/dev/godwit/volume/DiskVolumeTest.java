package dev.godwit.volume;

import static dev.godwit.volume.Pages.BLOCK_BYTES;
import static dev.godwit.volume.Pages.PAGE_BYTES;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.godwit.linux.SparseFile;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DiskVolumeTest {
    private static final long SEED = 0xd15cL;
    private static final int SIZE = 23 * BLOCK_BYTES + 3 * PAGE_BYTES;
    private static final int BASE_SIZE = 11 * BLOCK_BYTES + 777;

    @TempDir
    Path folder;

    private Arena arena = Arena.ofAuto();
    private BaseImage base = BaseImage.empty();
    private byte[] baseBytes = new byte[0];

    @BeforeEach
    void aBaseWithAHole() throws IOException {
        baseBytes = new byte[BASE_SIZE];
        new SplittableRandom(SEED).nextBytes(baseBytes);
        Arrays.fill(baseBytes, 4 * BLOCK_BYTES, 6 * BLOCK_BYTES, (byte) 0);
        Path file = folder.resolve("base.raw");
        try (RandomAccessFile raw = new RandomAccessFile(file.toFile(), "rw")) {
            raw.write(baseBytes, 0, 4 * BLOCK_BYTES);
            raw.seek(6 * BLOCK_BYTES);
            raw.write(baseBytes, 6 * BLOCK_BYTES, BASE_SIZE - 6 * BLOCK_BYTES);
        }
        base = BaseImage.open(file, "sha256:base");
    }

    @AfterEach
    void closeTheBase() {
        base.close();
    }

    private Path disk(String name) throws IOException {
        return Files.createDirectories(folder.resolve(name));
    }

    private byte[] freshModel() {
        return Arrays.copyOf(baseBytes, SIZE);
    }

    private MemorySegment bytes(int length, SplittableRandom random) {
        MemorySegment memory = arena.allocate(length);
        byte[] content = new byte[length];
        random.nextBytes(content);
        return memory.copyFrom(MemorySegment.ofArray(content));
    }

    private void assertReads(DiskVolume volume, byte[] model, String where) throws IOException {
        MemorySegment read = arena.allocate(SIZE);
        volume.read(0, read);
        assertThat(read.mismatch(MemorySegment.ofArray(model))).as(where).isEqualTo(-1);
    }

    @Test
    void itReadsAsItsBaseThenZeros() throws IOException {
        try (DiskVolume volume = DiskVolume.create(disk("d"), SIZE, base)) {
            assertReads(volume, freshModel(), "fresh");
            assertThat(volume.content().isEmpty()).isTrue();
            assertThat(volume.kind()).isEqualTo(VolumeKind.DISK);
            assertThat(volume.pageCount()).isEqualTo(SIZE / PAGE_BYTES);
        }
    }

    @Test
    void itReadsWhatWasWrittenAlsoAfterItWasOpenedAgain() throws IOException {
        SplittableRandom random = new SplittableRandom(SEED);
        for (int round = 0; round < 12; round++) {
            Path where = disk("d" + round);
            byte[] model = freshModel();
            DiskVolume volume = DiskVolume.create(where, SIZE, base);
            for (int step = 0; step < 120; step++) {
                int offset = random.nextInt(SIZE);
                int length = 1 + random.nextInt(Math.min(SIZE - offset, random.nextBoolean() ? 9000 : 300_000));
                if (random.nextInt(4) == 0) {
                    offset = offset / BLOCK_BYTES * BLOCK_BYTES;
                    length = Math.min(SIZE - offset, BLOCK_BYTES * (1 + random.nextInt(4)));
                }
                switch (random.nextInt(10)) {
                    case 0, 1, 2, 3, 4 -> {
                        MemorySegment written = bytes(length, random);
                        volume.write(offset, written);
                        MemorySegment.copy(written, 0, MemorySegment.ofArray(model), offset, length);
                    }
                    case 5, 6 -> {
                        volume.zero(offset, length, random.nextBoolean());
                        Arrays.fill(model, offset, offset + length, (byte) 0);
                    }
                    case 7 -> volume.flush();
                    case 8 -> {
                        volume.close();
                        volume = DiskVolume.open(where, SIZE, base);
                    }
                    default -> {
                        MemorySegment read = arena.allocate(length);
                        volume.read(offset, read);
                        assertThat(read.mismatch(MemorySegment.ofArray(model).asSlice(offset, length)))
                                .as("seed %s round %s step %s", SEED, round, step)
                                .isEqualTo(-1);
                    }
                }
            }
            assertReads(volume, model, "seed " + SEED + " round " + round);
            assertAllocationIsHonest(volume, model, "seed " + SEED + " round " + round);
            volume.close();
        }
    }

    private static void assertAllocationIsHonest(DiskVolume volume, byte[] model, String where) throws IOException {
        long at = 0;
        while (at < SIZE) {
            List<Extent> extents = volume.allocation(at, SIZE - at, 3);
            assertThat(extents.getFirst().offset()).as(where).isEqualTo(at);
            for (Extent extent : extents) {
                assertThat(extent.offset()).as(where).isEqualTo(at);
                for (long i = extent.offset(); extent.zero() && i < extent.end(); i++) {
                    assertThat(model[(int) i]).as(where + " byte " + i).isZero();
                }
                at = extent.end();
            }
        }
        assertThat(at).isEqualTo(SIZE);
    }

    @Test
    void everyWriteMarksItsPagesInEachSinkAndASinkThatCopiesThemEndsEqual() throws IOException {
        SplittableRandom random = new SplittableRandom(SEED);
        try (DiskVolume source = DiskVolume.create(disk("s"), SIZE, base);
                DiskVolume target = DiskVolume.create(disk("t"), SIZE, base)) {
            source.write(5000, bytes(70_000, random));
            source.zero(0, BLOCK_BYTES, false);
            SinkPages sink = source.dirtySets().open("peer");
            sink.mark(source.content());
            for (int step = 0; step < 200; step++) {
                int offset = random.nextInt(SIZE);
                int length = 1 + random.nextInt(Math.min(SIZE - offset, 100_000));
                if (random.nextInt(4) == 0) {
                    source.zero(offset, length, false);
                } else {
                    source.write(offset, bytes(length, random));
                }
                if (random.nextInt(5) == 0) {
                    send(sink, source, target);
                }
            }
            send(sink, source, target);
            target.flush();

            byte[] sent = new byte[SIZE];
            MemorySegment read = arena.allocate(SIZE);
            source.read(0, read);
            MemorySegment.copy(read, 0, MemorySegment.ofArray(sent), 0, SIZE);
            assertReads(target, sent, "seed " + SEED);
            assertThat(sink.unacknowledgedCount()).isZero();
        }
    }

    private void send(SinkPages sink, SourceVolume source, TargetVolume target) throws IOException {
        PageSet taken = sink.take();
        MemorySegment page = arena.allocate(PAGE_BYTES);
        for (long at = taken.next(0); at >= 0; at = taken.next(at + 1)) {
            source.read(at, 1, page);
            if (page.mismatch(arena.allocate(PAGE_BYTES)) == -1) {
                target.zero(at, 1);
            } else {
                target.write(at, 1, page);
            }
            sink.acknowledge(at, 1);
        }
    }

    @Test
    void writersToTheSameFreshBlockDoNotLoseEachOthersBytes() throws Exception {
        int writers = 4;
        ExecutorService threads = Executors.newFixedThreadPool(writers);
        try {
            for (int round = 0; round < 10; round++) {
                byte[] model = freshModel();
                try (DiskVolume volume = DiskVolume.create(disk("c" + round), SIZE, base)) {
                    List<Future<?>> done = new ArrayList<>();
                    for (int w = 0; w < writers; w++) {
                        int writer = w;
                        done.add(threads.submit(() -> {
                            for (int page = writer; page < SIZE / PAGE_BYTES; page += writers) {
                                MemorySegment written =
                                        Arena.ofAuto().allocate(PAGE_BYTES).fill((byte) (page + 1));
                                volume.write((long) page * PAGE_BYTES + 100, written.asSlice(0, 3000));
                            }
                            return null;
                        }));
                    }
                    for (Future<?> writer : done) {
                        writer.get(30, TimeUnit.SECONDS);
                    }
                    for (int page = 0; page < SIZE / PAGE_BYTES; page++) {
                        int at = page * PAGE_BYTES + 100;
                        Arrays.fill(model, at, at + 3000, (byte) (page + 1));
                    }
                    assertReads(volume, model, "round " + round);
                }
            }
        } finally {
            threads.shutdownNow();
        }
    }

    /** Whatever hostd's death leaves of the journal, the disk opens with the records that are whole. */
    @Test
    void aJournalCutAtAnyByteOpensWithTheRecordsBeforeTheCut() throws IOException {
        Path where = disk("cut");
        int writes = 6;
        List<byte[]> states = new ArrayList<>();
        try (DiskVolume volume = DiskVolume.create(where, SIZE, base)) {
            byte[] model = freshModel();
            states.add(model.clone());
            for (int i = 0; i < writes; i++) {
                int at = i * 2 * BLOCK_BYTES + 500;
                volume.write(at, arena.allocate(1000).fill((byte) (i + 1)));
                Arrays.fill(model, at, at + 1000, (byte) (i + 1));
                states.add(model.clone());
            }
            // The first record of a fresh journal is a mark: nothing before it waits for a flush.
            long journal = Files.size(where.resolve("overlay.map"));
            assertThat(journal).isEqualTo(MapHeader.BYTES + (1 + writes) * MapJournal.RECORD_BYTES);
            Path copy = disk("copy");
            for (long length = MapHeader.BYTES; length <= journal; length++) {
                Files.copy(
                        where.resolve("overlay.raw"), copy.resolve("overlay.raw"), StandardCopyOption.REPLACE_EXISTING);
                Files.copy(
                        where.resolve("overlay.map"), copy.resolve("overlay.map"), StandardCopyOption.REPLACE_EXISTING);
                try (RandomAccessFile map =
                        new RandomAccessFile(copy.resolve("overlay.map").toFile(), "rw")) {
                    map.setLength(length);
                }
                int whole = (int) (length - MapHeader.BYTES) / MapJournal.RECORD_BYTES;
                try (DiskVolume opened = DiskVolume.open(copy, SIZE, base)) {
                    byte[] expected = states.get(Math.max(0, whole - 1));
                    assertReads(opened, expected, "cut at " + length);
                    opened.write(0, arena.allocate(10).fill((byte) 9));
                }
            }
        }
    }

    @Test
    void afterALossOfPowerTheMapNamesOnlyWhatAFlushHadCovered() throws IOException {
        Path where = disk("power");
        byte[] flushed = freshModel();
        try (DiskVolume volume = DiskVolume.create(where, SIZE, base)) {
            volume.write(100, arena.allocate(1000).fill((byte) 1));
            volume.flush();
            Arrays.fill(flushed, 100, 1100, (byte) 1);
            volume.write(7 * BLOCK_BYTES + 100, arena.allocate(1000).fill((byte) 2));
            Path copy = disk("power-copy");
            Files.copy(where.resolve("overlay.map"), copy.resolve("overlay.map"));
            // The unflushed block's data is lost, its record is not.
            try (RandomAccessFile raw =
                    new RandomAccessFile(copy.resolve("overlay.raw").toFile(), "rw")) {
                raw.setLength(SIZE);
                raw.write(Files.readAllBytes(where.resolve("overlay.raw")), 0, BLOCK_BYTES);
            }
            try (DiskVolume opened =
                    DiskVolume.open(copy, SIZE, base, new BootId(UUID.randomUUID()), JournalRewrite.standard())) {
                assertReads(opened, flushed, "after another boot");
            }
        }
    }

    @Test
    void afterARewriteThatDidNotReachTheMediumNoFlushSucceedsAndNothingAcknowledgedIsLost() throws IOException {
        Path where = disk("rewrite");
        DiskVolume.create(where, SIZE, base).close();
        byte[] model = freshModel();
        FailingFolder failing = new FailingFolder();
        DiskVolume volume = DiskVolume.open(where, SIZE, base, BootId.current(), failing.rewriteAtEachFlush());
        volume.write(100, arena.allocate(1000).fill((byte) 1));
        Arrays.fill(model, 100, 1100, (byte) 1);
        failing.syncFails = true;
        assertThatThrownBy(volume::flush).isSameAs(FailingFolder.REFUSED);
        failing.syncFails = false;

        volume.write(7 * BLOCK_BYTES, arena.allocate(1000).fill((byte) 2));
        Arrays.fill(model, 7 * BLOCK_BYTES, 7 * BLOCK_BYTES + 1000, (byte) 2);
        assertThatThrownBy(volume::flush).hasMessageContaining("an earlier flush failed");
        assertThatThrownBy(volume::close).hasMessageContaining("an earlier flush failed");
        try (DiskVolume again = DiskVolume.open(where, SIZE, base)) {
            assertReads(again, model, "what was written before and after the rewrite");
        }
    }

    @Test
    void damageThatAFlushHadCoveredIsRefused() throws IOException {
        Path where = disk("damage");
        try (DiskVolume volume = DiskVolume.create(where, SIZE, base)) {
            for (int i = 0; i < 3; i++) {
                volume.write(i * 3L * BLOCK_BYTES, arena.allocate(10));
                volume.flush();
            }
        }
        try (RandomAccessFile map =
                new RandomAccessFile(where.resolve("overlay.map").toFile(), "rw")) {
            map.seek(MapHeader.BYTES + MapJournal.RECORD_BYTES + 9);
            map.write(0xff);
        }
        assertThatThrownBy(() -> DiskVolume.open(where, SIZE, base))
                .isInstanceOf(VolumeRefused.class)
                .hasMessageContaining("the record at byte 280 is damaged");
    }

    @Test
    void anotherSizeAnotherBaseAndASecondOpenerAreRefusedInASentence() throws IOException {
        Path where = disk("refused");
        DiskVolume volume = DiskVolume.create(where, SIZE, base);
        assertThatThrownBy(() -> DiskVolume.open(where, SIZE, base)).hasMessageContaining("open already");
        volume.close();
        assertThatThrownBy(() -> DiskVolume.create(where, SIZE, base)).hasMessageContaining("holds a disk already");
        assertThatThrownBy(() -> DiskVolume.open(where, SIZE + PAGE_BYTES, base))
                .hasMessageContaining("the volume is " + SIZE + " bytes");
        try (BaseImage other = BaseImage.empty()) {
            assertThatThrownBy(() -> DiskVolume.open(where, SIZE, other))
                    .hasMessageContaining("made over base sha256:base and can't be laid over empty");
        }
        assertThatThrownBy(() -> DiskVolume.create(disk("small"), PAGE_BYTES, base))
                .hasMessageContaining("is smaller than its base");
        assertThatThrownBy(() -> DiskVolume.open(disk("none"), SIZE, base)).hasMessageContaining("overlay.map");
        try (RandomAccessFile map =
                new RandomAccessFile(where.resolve("overlay.map").toFile(), "rw")) {
            map.seek(8);
            map.writeInt(99);
        }
        assertThatThrownBy(() -> DiskVolume.open(where, SIZE, base)).hasMessageContaining("format version 99");
    }

    @Test
    void trimmedBlocksGiveTheirSpaceBackAndStayMapped() throws IOException {
        try (DiskVolume volume = DiskVolume.create(disk("trim"), SIZE, base)) {
            volume.write(0, arena.allocate(8 * BLOCK_BYTES).fill((byte) 1));
            long before = allocatedBytes("trim");
            volume.zero(BLOCK_BYTES, 4L * BLOCK_BYTES, false);

            assertThat(allocatedBytes("trim")).isEqualTo(before - 4 * BLOCK_BYTES);
            assertThat(volume.content().count()).isEqualTo(8 * Pages.PAGES_PER_BLOCK);
            assertThat(volume.allocation(0, 8L * BLOCK_BYTES, 10))
                    .containsExactly(
                            new Extent(0, BLOCK_BYTES, false),
                            new Extent(BLOCK_BYTES, 4L * BLOCK_BYTES, true),
                            new Extent(5L * BLOCK_BYTES, 3L * BLOCK_BYTES, false));
            volume.zero(BLOCK_BYTES, 4L * BLOCK_BYTES, true);
            assertThat(allocatedBytes("trim")).isEqualTo(before);
        }
    }

    private long allocatedBytes(String name) throws IOException {
        try (SparseFile file = SparseFile.openReadOnly(folder.resolve(name).resolve("overlay.raw"))) {
            return file.allocatedBytes();
        }
    }

    @Test
    void rangesOutsideTheVolumeAndCallsAfterCloseAreRefused() throws IOException {
        DiskVolume volume = DiskVolume.create(disk("range"), SIZE, base);
        assertThatThrownBy(() -> volume.write(SIZE - 10, arena.allocate(11)))
                .isInstanceOf(IndexOutOfBoundsException.class)
                .hasMessageContaining("outside a volume of " + SIZE);
        volume.close();
        volume.close();
        assertThatThrownBy(volume::flush).isInstanceOf(IllegalStateException.class);
    }
}
