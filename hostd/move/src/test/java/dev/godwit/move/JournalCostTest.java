package dev.godwit.move;

import static org.assertj.core.api.Assertions.assertThat;

import dev.godwit.move.MoveJournal.Durability;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Arrays;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Prints what a line costs in each durability; asserts only that every line is found again. */
class JournalCostTest {
    private static final int LINES = 300;

    @TempDir
    Path directory;

    @Test
    void everyLineIsFoundAgain() throws Exception {
        for (Durability durability : Durability.values()) {
            try (FileMoveJournal journal = new FileMoveJournal(directory.resolve(durability.name()))) {
                MoveRecord record = Moves.record("m1", MoveSide.SOURCE).enter(MoveState.STREAM, Instant.EPOCH);
                long[] nanos = new long[LINES];
                for (int i = 0; i < LINES; i++) {
                    MoveRecord line = record.withStream(i, BytesSent.NONE);
                    long start = System.nanoTime();
                    journal.append(line, durability);
                    nanos[i] = System.nanoTime() - start;
                    assertThat(journal.find("m1")).contains(line);
                }
                Arrays.sort(nanos);
                System.out.printf(
                        Locale.ROOT,
                        "journal line that survives the %s: median %.3f ms, p99 %.3f ms of %d%n",
                        durability,
                        nanos[LINES / 2] / 1e6,
                        nanos[LINES * 99 / 100] / 1e6,
                        LINES);
            }
        }
    }
}
