package dev.godwit.linux;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class CachedReadTest {
    @Test
    void whatWasDroppedFromTheCacheIsNotWaitedFor() throws Exception {
        Path folder = Files.createTempDirectory(Path.of("/var/tmp"), "cached");
        Path path = folder.resolve("f");
        try (SparseFile file = SparseFile.create(path, 1 << 20);
                Arena arena = Arena.ofConfined()) {
            file.write(0, arena.allocate(1 << 20).fill((byte) 7));
            drop(path);
            MemorySegment read = arena.allocate(65536);

            assertThat(CachedRead.read(file, 4096, read)).isFalse();
            file.read(4096, read);
            assertThat(CachedRead.read(file, 4096, read)).isTrue();
            assertThat(read.mismatch(arena.allocate(65536).fill((byte) 7))).isEqualTo(-1);
            assertThat(CachedRead.read(file, (1 << 20) - 10, read))
                    .as("beyond the end")
                    .isFalse();
        } finally {
            Files.deleteIfExists(path);
            Files.delete(folder);
        }
    }

    private static void drop(Path path) throws IOException, InterruptedException {
        Process dd = new ProcessBuilder(
                        "dd", "of=" + path, "oflag=nocache", "conv=notrunc,fdatasync", "count=0", "status=none")
                .inheritIO()
                .start();
        assertThat(dd.waitFor()).isZero();
    }
}
