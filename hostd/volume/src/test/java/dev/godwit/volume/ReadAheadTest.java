package dev.godwit.volume;

import static dev.godwit.volume.Pages.BLOCK_BYTES;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** On a real medium: a tmpfs has nothing to wait for. */
class ReadAheadTest {
    private static final Path MEDIUM = Path.of("/var/tmp");
    private static final int BLOCKS = 8;
    private static final int SIZE = BLOCKS * BLOCK_BYTES;

    @TempDir
    Path elsewhere;

    @Test
    void whatWasAskedForArrivesFromOverlayAndBaseWithoutAReaderThatWaits() throws Exception {
        Path folder = Files.createTempDirectory(MEDIUM, "read-ahead");
        Path baseFile = folder.resolve("base.raw");
        Path disk = Files.createDirectory(folder.resolve("disk"));
        byte[] content = new byte[SIZE / 2];
        Arrays.fill(content, (byte) 3);
        Files.write(baseFile, content);
        try (Arena arena = Arena.ofShared();
                BaseImage base = BaseImage.open(baseFile, "sha256:base");
                DiskVolume volume = DiskVolume.create(disk, SIZE, base)) {
            volume.write(2 * BLOCK_BYTES, arena.allocate(BLOCK_BYTES).fill((byte) 4));
            volume.flush();
            drop(baseFile);
            drop(disk.resolve("overlay.raw"));
            MemorySegment read = arena.allocate(SIZE);
            assertThat(volume.readNow(0, read)).as("the cache was dropped").isFalse();

            volume.willNeed(0, SIZE);

            Awaitility.await().atMost(Duration.ofSeconds(30)).until(() -> volume.readNow(0, read));
            assertThat(read.get(java.lang.foreign.ValueLayout.JAVA_BYTE, 0)).isEqualTo((byte) 3);
            assertThat(read.get(java.lang.foreign.ValueLayout.JAVA_BYTE, 2 * BLOCK_BYTES))
                    .isEqualTo((byte) 4);
            assertThat(read.get(java.lang.foreign.ValueLayout.JAVA_BYTE, SIZE - 1))
                    .isZero();
        } finally {
            delete(disk);
            Files.delete(baseFile);
            Files.delete(folder);
        }
    }

    @Test
    void aRangeOutsideIsRefused() throws IOException {
        try (BaseImage base = BaseImage.empty();
                DiskVolume volume = DiskVolume.create(elsewhere, SIZE, base)) {
            assertThatThrownBy(() -> volume.willNeed(SIZE - 1, 2))
                    .isInstanceOf(IndexOutOfBoundsException.class)
                    .hasMessageContaining("outside a volume of " + SIZE + " bytes");
        }
    }

    private static void drop(Path path) throws IOException, InterruptedException {
        Process dd = new ProcessBuilder(
                        "dd", "of=" + path, "oflag=nocache", "conv=notrunc,fdatasync", "count=0", "status=none")
                .inheritIO()
                .start();
        assertThat(dd.waitFor()).isZero();
    }

    private static void delete(Path disk) throws IOException {
        try (var files = Files.list(disk)) {
            for (Path file : files.toList()) {
                Files.delete(file);
            }
        }
        Files.delete(disk);
    }
}
