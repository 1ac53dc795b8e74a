package dev.godwit.volume;

import static dev.godwit.volume.Pages.BLOCK_BYTES;
import static dev.godwit.volume.Pages.PAGE_BYTES;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.LongBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.ToIntFunction;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The process that holds a disk is killed under load: all it had acknowledged is there. */
class CrashTest {
    private static final long SEED = 0xc4a5L;
    private static final int KILLS = 8;
    /** The rewrites of a process's life in one of which it dies. */
    private static final int REWRITES_MAX = 60;

    private static final long SIZE = 2400L * BLOCK_BYTES;
    private static final int BASE_PAGES = 20_000;

    @TempDir
    Path folder;

    private interface Death {
        /** @param before writes acknowledged so far */
        void of(ProcessBuilder writer, SplittableRandom random, long before) throws Exception;
    }

    @Test
    void everyAcknowledgedWriteSurvivesAKillOfTheProcess() throws Exception {
        everyAcknowledgedWriteSurvives(
                random -> 0, (writer, random, before) -> killUnderLoad(writer, before + 500 + random.nextInt(6000)));
    }

    @Test
    void everyAcknowledgedWriteSurvivesADeathInTheMiddleOfARewriteOfTheMap() throws Exception {
        everyAcknowledgedWriteSurvives(random -> 2 + random.nextInt(REWRITES_MAX), (writer, random, before) -> {
            Process process = writer.start();
            try {
                assertThat(process.waitFor(60, TimeUnit.SECONDS)).as(log()).isTrue();
                assertThat(process.exitValue()).as(log()).isEqualTo(CrashWriter.DIED_IN_REWRITE);
            } finally {
                process.destroyForcibly();
            }
        });
    }

    private void everyAcknowledgedWriteSurvives(ToIntFunction<SplittableRandom> deadlyRewrite, Death death)
            throws Exception {
        Path baseFile = folder.resolve("base.raw");
        byte[] content = new byte[BASE_PAGES * PAGE_BYTES];
        new SplittableRandom(SEED).nextBytes(content);
        Files.write(baseFile, content);
        Path ledger = folder.resolve("ledger");
        try (RandomAccessFile file = new RandomAccessFile(ledger.toFile(), "rw")) {
            file.setLength(SIZE / PAGE_BYTES * 8);
        }
        Path disk = Files.createDirectory(folder.resolve("disk"));
        try (BaseImage base = BaseImage.open(baseFile, "sha256:crash")) {
            DiskVolume.create(disk, SIZE, base).close();
            SplittableRandom random = new SplittableRandom(SEED);
            long before = 0;
            for (int kill = 0; kill < KILLS; kill++) {
                ProcessBuilder writer =
                        writer(disk, baseFile, ledger, SEED + kill * 100L, deadlyRewrite.applyAsInt(random));
                death.of(writer, random, before);
                long now = acknowledged(ledger);
                assertThat(now).isGreaterThan(before);
                before = now;
                assertAcknowledgedWritesAreThere(disk, base, ledger, content, "seed " + SEED + " kill " + kill);
            }
        }
    }

    private ProcessBuilder writer(Path disk, Path base, Path ledger, long seed, int deadlyRewrite) {
        return new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:+UseSerialGC",
                        "--enable-native-access=ALL-UNNAMED",
                        "-cp",
                        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                        CrashWriter.class.getName(),
                        disk.toString(),
                        base.toString(),
                        ledger.toString(),
                        Long.toString(SIZE),
                        Long.toString(seed),
                        Integer.toString(deadlyRewrite))
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("writer.log").toFile());
    }

    private String log() throws IOException {
        return Files.readString(folder.resolve("writer.log"));
    }

    private void killUnderLoad(ProcessBuilder builder, long writes) throws IOException, InterruptedException {
        Path ledger = folder.resolve("ledger");
        Process writer = builder.start();
        try {
            Awaitility.await()
                    .atMost(Duration.ofSeconds(60))
                    .pollInterval(Duration.ofMillis(5))
                    .until(() -> !writer.isAlive() || acknowledged(ledger) >= writes);
            assertThat(writer.isAlive()).as(log()).isTrue();
        } finally {
            writer.destroyForcibly();
            assertThat(writer.waitFor(10, TimeUnit.SECONDS)).isTrue();
        }
    }

    private static long acknowledged(Path ledger) throws IOException {
        LongBuffer numbers = ByteBuffer.wrap(Files.readAllBytes(ledger)).asLongBuffer();
        long sum = 0;
        while (numbers.hasRemaining()) {
            sum += numbers.get();
        }
        return sum;
    }

    private static void assertAcknowledgedWritesAreThere(
            Path disk, BaseImage base, Path ledger, byte[] baseContent, String where) throws IOException {
        LongBuffer numbers = ByteBuffer.wrap(Files.readAllBytes(ledger)).asLongBuffer();
        try (DiskVolume volume = DiskVolume.open(disk, SIZE, base);
                Arena arena = Arena.ofConfined()) {
            MemorySegment page = arena.allocate(PAGE_BYTES, 8);
            MemorySegment expected = arena.allocate(PAGE_BYTES, 8);
            for (int at = 0; at < SIZE / PAGE_BYTES; at++) {
                volume.read((long) at * PAGE_BYTES, page);
                long acknowledged = numbers.get(at);
                long there = page.get(ValueLayout.JAVA_LONG, 8);
                if (acknowledged > 0 && there != acknowledged + 1) {
                    CrashWriter.fill(expected, at, acknowledged);
                } else if (page.get(ValueLayout.JAVA_LONG, 0) == at && there == acknowledged + 1) {
                    CrashWriter.fill(expected, at, acknowledged + 1);
                } else {
                    long inBase = Math.clamp(baseContent.length - (long) at * PAGE_BYTES, 0, PAGE_BYTES);
                    expected.fill((byte) 0);
                    MemorySegment.copy(
                            MemorySegment.ofArray(baseContent),
                            inBase == 0 ? 0 : (long) at * PAGE_BYTES,
                            expected,
                            0,
                            inBase);
                }
                assertThat(page.mismatch(expected))
                        .as("%s page %s, %s acknowledged", where, at, acknowledged)
                        .isEqualTo(-1);
            }
            // The number that landed but was never acknowledged counts from now on.
            try (RandomAccessFile file = new RandomAccessFile(ledger.toFile(), "rw")) {
                for (int at = 0; at < SIZE / PAGE_BYTES; at++) {
                    volume.read((long) at * PAGE_BYTES, page);
                    if (page.get(ValueLayout.JAVA_LONG, 0) == at
                            && page.get(ValueLayout.JAVA_LONG, 8) == numbers.get(at) + 1) {
                        file.seek(at * 8L);
                        file.writeLong(numbers.get(at) + 1);
                    }
                }
            }
        }
    }
}
