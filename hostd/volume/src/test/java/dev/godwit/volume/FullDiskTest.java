package dev.godwit.volume;

import static dev.godwit.volume.Pages.BLOCK_BYTES;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A file system of 8 MiB below a disk of 16 MiB. Needs root, for the mount. */
class FullDiskTest {
    private static final int SIZE = 16 << 20;

    @TempDir
    Path folder;

    private Path mount = Path.of("");

    @BeforeEach
    void mountASmallFileSystem() throws Exception {
        mount = Files.createDirectory(folder.resolve("small"));
        run("mount", "-t", "tmpfs", "-o", "size=8m", "godwit-test", mount.toString());
    }

    @AfterEach
    void unmount() throws Exception {
        run("umount", mount.toString());
    }

    private static void run(String... command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).inheritIO().start();
        assertThat(process.waitFor(20, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).as(String.join(" ", command)).isZero();
    }

    @Test
    void aFullDiskSaysHowMuchIsMissingAndTheVolumeGoesOnWhenThereIsRoom() throws IOException {
        Path ballast = mount.resolve("ballast");
        Files.write(ballast, new byte[6 << 20]);
        byte[] model = new byte[SIZE];
        SplittableRandom random = new SplittableRandom(1);
        byte[] baseContent = new byte[SIZE / 2];
        random.nextBytes(baseContent);
        Files.write(folder.resolve("base.raw"), baseContent);
        System.arraycopy(baseContent, 0, model, 0, baseContent.length);
        try (Arena arena = Arena.ofConfined();
                BaseImage base = BaseImage.open(folder.resolve("base.raw"), "sha256:b");
                DiskVolume volume = DiskVolume.create(mount, SIZE, base)) {
            SinkPages sink = volume.dirtySets().open("peer");
            int full = 0;
            for (int i = 0; i < 200; i++) {
                int length = 1 + random.nextInt(200_000);
                int offset = random.nextInt(SIZE - length);
                byte[] bytes = new byte[length];
                random.nextBytes(bytes);
                MemorySegment memory = arena.allocate(length).copyFrom(MemorySegment.ofArray(bytes));
                try {
                    volume.write(offset, memory);
                    System.arraycopy(bytes, 0, model, offset, length);
                } catch (DiskFull refused) {
                    full++;
                    assertThat(refused)
                            .hasMessageContaining(mount.resolve("overlay.raw").toString())
                            .hasMessageContaining("write " + length + " bytes")
                            .hasMessageContaining("bytes are free");
                    assertThat(refused.neededBytes()).isEqualTo(length);
                    assertThat(refused.freeBytes()).isLessThan(length + 2L * BLOCK_BYTES);
                    // What a refused write leaves in its own range is undefined; the guest writes it again, or not.
                    MemorySegment left = arena.allocate(length);
                    volume.read(offset, left);
                    MemorySegment.copy(left, 0, MemorySegment.ofArray(model), offset, length);
                }
                assertThat(sink.take().contains(offset / Pages.PAGE_BYTES)).isTrue();
                sink.acknowledge(0, volume.pageCount());
                assertSame(volume, model, "write " + i);
            }
            assertThat(full).isGreaterThan(10);

            Files.delete(ballast);
            volume.write(SIZE - 100_000, arena.allocate(100_000).fill((byte) 5));
            Arrays.fill(model, SIZE - 100_000, SIZE, (byte) 5);
            volume.flush();
            assertSame(volume, model, "with room again");
        }
        try (BaseImage base = BaseImage.open(folder.resolve("base.raw"), "sha256:b");
                DiskVolume again = DiskVolume.open(mount, SIZE, base)) {
            assertSame(again, model, "opened again");
        }
    }

    @Test
    void aRefusedWriteDoesNotShowInABlockThatALaterWriteBringsIn() throws IOException {
        try (BaseImage none = BaseImage.empty();
                Arena arena = Arena.ofConfined();
                DiskVolume volume = DiskVolume.create(mount, SIZE, none)) {
            assertThatThrownBy(() -> volume.write(0, arena.allocate(12 << 20).fill((byte) 7)))
                    .isInstanceOf(DiskFull.class);
            byte[] model = new byte[SIZE];
            assertSame(volume, model, "nothing was acknowledged");
            for (int block = 0; block < 8; block++) {
                volume.write(block * (long) BLOCK_BYTES + 77, arena.allocate(1).fill((byte) 6));
                model[block * BLOCK_BYTES + 77] = 6;
            }

            assertSame(volume, model, "only the later bytes are there");
        }
    }

    @Test
    void whatIsAcknowledgedOnADiskThatFillsUpCanAlwaysBeFlushed() throws IOException {
        long sizeBytes = 64 << 20;
        try (BaseImage none = BaseImage.empty();
                Arena arena = Arena.ofConfined();
                RandomAccessFile ballast =
                        new RandomAccessFile(mount.resolve("ballast").toFile(), "rw");
                DiskVolume volume = DiskVolume.create(mount, sizeBytes, none)) {
            MemorySegment page = arena.allocate(Pages.PAGE_BYTES).fill((byte) 3);
            // A record each, until the next one, the mark of a flush, would be the first in another page of the
            // journal.
            Path map = mount.resolve("overlay.map");
            for (int i = 0; Files.size(map) < Pages.PAGE_BYTES; i++) {
                volume.write(2L * i * BLOCK_BYTES, page);
            }
            assertThat(map).hasSize(Pages.PAGE_BYTES);
            fill(ballast);
            assertThatThrownBy(() -> volume.write(sizeBytes - BLOCK_BYTES, page))
                    .isInstanceOf(DiskFull.class);
            volume.flush();
        }
    }

    private static void fill(RandomAccessFile ballast) throws IOException {
        byte[] page = new byte[Pages.PAGE_BYTES];
        try {
            while (true) {
                ballast.write(page);
            }
        } catch (IOException full) {
            assertThat(full).hasMessageContaining("No space left");
        }
    }

    @Test
    void keepingSpaceWhereThereIsNoneIsRefusedToo() throws IOException {
        try (BaseImage none = BaseImage.empty();
                DiskVolume volume = DiskVolume.create(mount, SIZE, none)) {
            assertThatThrownBy(() -> volume.zero(0, 12 << 20, true)).isInstanceOf(DiskFull.class);
            volume.zero(0, 12 << 20, false);
            volume.zero(0, 1 << 20, true);
        }
    }

    private static void assertSame(DiskVolume volume, byte[] model, String where) throws IOException {
        try (Arena once = Arena.ofConfined()) {
            MemorySegment read = once.allocate(SIZE);
            volume.read(0, read);
            assertThat(read.mismatch(MemorySegment.ofArray(model))).as(where).isEqualTo(-1);
        }
    }
}
