package dev.godwit.volume;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.SplittableRandom;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BlockMapTest {
    private static final long SEED = 0xb10cL;
    private static final int BLOCKS = 120_000;
    private static final long SIZE = (long) BLOCKS * Pages.BLOCK_BYTES;
    private static final BootId BOOT = new BootId(new UUID(1, 1));
    private static final JournalRewrite STANDARD = JournalRewrite.standard();

    @TempDir
    Path folder;

    private static void flush(BlockMap map) throws IOException {
        BlockMap.Flush round = map.beginFlush();
        if (round.mark()) {
            round.sync();
        }
        round.compact();
    }

    @Test
    void aLongJournalIsRewrittenShortAndLosesNothing() throws IOException {
        Path path = folder.resolve("map");
        SplittableRandom random = new SplittableRandom(SEED);
        try (BlockMap map = BlockMap.create(path, SIZE, "empty", BOOT, random, STANDARD)) {
            for (int block = 0; block < 50_000; block++) {
                map.add(block, 1);
            }
            map.add(60_000, 2);
            BlockMap.Flush round = map.beginFlush();
            // Written while the flush was on its way: not covered by it.
            map.add(70_000, 1);
            if (round.mark()) {
                round.sync();
            }
            round.compact();

            assertThat(Files.size(path)).isEqualTo(MapHeader.BYTES + 4L * MapJournal.RECORD_BYTES);
            map.add(80_000, 1);
        }
        Files.copy(path, folder.resolve("copy"));
        try (BlockMap same = BlockMap.open(path, SIZE, "empty", BOOT, random, STANDARD)) {
            assertThat(same.run(0, BLOCKS - 1, true)).isEqualTo(50_000);
            assertThat(same.contains(60_001)).isTrue();
            assertThat(same.contains(70_000)).isTrue();
            assertThat(same.contains(80_000)).isTrue();
            assertThat(same.contains(80_001)).isFalse();
        }
        BootId after = new BootId(new UUID(2, 2));
        try (BlockMap rebooted = BlockMap.open(folder.resolve("copy"), SIZE, "empty", after, random, STANDARD)) {
            assertThat(rebooted.contains(60_001)).isTrue();
            assertThat(rebooted.contains(70_000)).isFalse();
            assertThat(rebooted.contains(80_000)).isFalse();
        }
    }

    @Test
    void whatWasNotFlushedStaysUncoveredOverARestartOfHostd() throws IOException {
        Path path = folder.resolve("map");
        SplittableRandom random = new SplittableRandom(SEED);
        try (BlockMap map = BlockMap.create(path, SIZE, "empty", BOOT, random, STANDARD)) {
            map.add(1, 1);
            flush(map);
            map.add(2, 1);
        }
        try (BlockMap restarted = BlockMap.open(path, SIZE, "empty", BOOT, random, STANDARD)) {
            assertThat(restarted.contains(2)).isTrue();
        }
        try (BlockMap rebooted = BlockMap.open(path, SIZE, "empty", new BootId(new UUID(2, 2)), random, STANDARD)) {
            assertThat(rebooted.contains(1)).isTrue();
            assertThat(rebooted.contains(2)).as("its data was never flushed").isFalse();
        }
    }

    @Test
    void aFlushWithNothingNewWritesNothing() throws IOException {
        Path path = folder.resolve("map");
        try (BlockMap map = BlockMap.create(path, SIZE, "empty", BOOT, new SplittableRandom(SEED), STANDARD)) {
            map.add(5, 3);
            flush(map);
            long bytes = Files.size(path);
            flush(map);
            assertThat(Files.size(path)).isEqualTo(bytes);
        }
    }

    @Test
    void aRewriteWhoseNameDidNotReachTheMediumIsTheMapAllTheSame() throws IOException {
        Path path = folder.resolve("map");
        SplittableRandom random = new SplittableRandom(SEED);
        FailingFolder failing = new FailingFolder();
        try (BlockMap map = BlockMap.create(path, SIZE, "empty", BOOT, random, failing.rewriteAtEachFlush())) {
            map.add(1, 1);
            failing.syncFails = true;
            assertThatThrownBy(() -> flush(map)).isSameAs(FailingFolder.REFUSED);
            map.add(2, 1);
        }
        try (BlockMap again = BlockMap.open(path, SIZE, "empty", BOOT, random, STANDARD)) {
            assertThat(again.contains(1)).isTrue();
            assertThat(again.contains(2)).as("acknowledged after the rewrite").isTrue();
        }
    }

    @Test
    void aFolderThatCannotBeOpenedLeavesTheLongJournalAndNoFailure() throws IOException {
        Path path = folder.resolve("map");
        SplittableRandom random = new SplittableRandom(SEED);
        FailingFolder failing = new FailingFolder();
        try (BlockMap map = BlockMap.create(path, SIZE, "empty", BOOT, random, failing.rewriteAtEachFlush())) {
            map.add(1, 1);
            failing.openFails = true;
            flush(map);
            map.add(2, 1);
            flush(map);
        }
        try (BlockMap rebooted = BlockMap.open(path, SIZE, "empty", new BootId(new UUID(2, 2)), random, STANDARD)) {
            assertThat(rebooted.run(1, 3, true)).as("both were flushed").isEqualTo(2);
        }
    }
}
