package dev.godwit.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SparseFileTest {
    private static final int MIB = 1 << 20;

    @TempDir
    Path folder;

    @Test
    void aNewFileIsOneHoleThatReadsAsZerosAndStaysAHole() throws IOException {
        try (SparseFile file = SparseFile.create(folder.resolve("f"), 4 * MIB);
                Arena arena = Arena.ofConfined()) {
            MemorySegment read = arena.allocate(MIB).fill((byte) 1);
            file.read(MIB, read);

            assertThat(read.mismatch(arena.allocate(MIB))).isEqualTo(-1);
            assertThat(file.sizeBytes()).isEqualTo(4 * MIB);
            assertThat(file.allocatedBytes()).isZero();
            assertThat(file.nextData(0)).isEqualTo(-1);
            assertThat(file.nextHole(0)).isZero();
        }
    }

    @Test
    void dataIsFoundBetweenHolesAndCanBePunchedOut() throws IOException {
        try (SparseFile file = SparseFile.create(folder.resolve("f"), 4 * MIB);
                Arena arena = Arena.ofConfined()) {
            MemorySegment page = arena.allocate(65536).fill((byte) 7);
            file.write(MIB, page);
            file.fdatasync();

            assertThat(file.nextData(0)).isEqualTo(MIB);
            assertThat(file.nextHole(MIB)).isEqualTo(MIB + 65536);
            file.read(MIB, page.asSlice(0, 65536));
            assertThat(page.get(ValueLayout.JAVA_BYTE, 65535)).isEqualTo((byte) 7);

            file.punchHole(MIB, 65536);

            assertThat(file.nextData(0)).isEqualTo(-1);
            assertThat(file.sizeBytes()).isEqualTo(4 * MIB);
            assertThat(file.nextHole(4 * MIB)).isEqualTo(-1);
        }
    }

    @Test
    void aZeroedRangeReadsAsZerosAndKeepsItsSpaceAlsoOnTmpfs() throws IOException {
        for (Path where : new Path[] {folder, Path.of("/dev/shm")}) {
            Path path = where.resolve("godwit-sparse-" + ProcessHandle.current().pid());
            try (SparseFile file = SparseFile.create(path, MIB);
                    Arena arena = Arena.ofConfined()) {
                file.write(0, arena.allocate(MIB).fill((byte) 7));

                file.zeroRange(65536, 65536);

                MemorySegment read = arena.allocate(MIB);
                file.read(0, read);
                assertThat(read.asSlice(65536, 65536).mismatch(arena.allocate(65536)))
                        .isEqualTo(-1);
                assertThat(read.get(ValueLayout.JAVA_BYTE, 65535)).isEqualTo((byte) 7);
                assertThat(read.get(ValueLayout.JAVA_BYTE, 131072)).isEqualTo((byte) 7);
                assertThat(file.allocatedBytes()).isGreaterThanOrEqualTo(MIB);
            } finally {
                java.nio.file.Files.delete(path);
            }
        }
    }

    @Test
    void anAllocatedRangeTakesSpaceAndLeavesTheLengthAlone() throws IOException {
        try (SparseFile file = SparseFile.create(folder.resolve("f"), MIB)) {
            file.allocate(0, 2 * MIB);

            assertThat(file.sizeBytes()).isEqualTo(MIB);
            assertThat(file.allocatedBytes()).isGreaterThanOrEqualTo(2 * MIB);
        }
    }

    @Test
    void aReadBeyondTheEndSaysHowMuchWasThere() throws IOException {
        Path path = folder.resolve("short");
        try (SparseFile file = SparseFile.create(path, 5000);
                Arena arena = Arena.ofConfined()) {
            assertThatThrownBy(() -> file.read(4096, arena.allocate(4096)))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("read 4096 bytes at 4096 of " + path)
                    .hasMessageContaining("only 904 bytes");
        }
    }

    @Test
    void errorsNameTheAttemptTheFileAndTheErrno() throws IOException {
        Path path = folder.resolve("there");
        SparseFile.create(path, 4096).close();

        assertThatThrownBy(() -> SparseFile.create(path, 4096)).hasMessage("open " + path + ": EEXIST");
        assertThatThrownBy(() -> SparseFile.open(folder.resolve("no")))
                .isInstanceOfSatisfying(
                        LinuxException.class,
                        failed -> assertThat(failed.errno()).isEqualTo(Errno.ENOENT));
        try (SparseFile readOnly = SparseFile.openReadOnly(path)) {
            assertThatThrownBy(() -> readOnly.punchHole(0, 4096)).hasMessageEndingWith("EBADF");
        }
    }

    @Test
    void aClosedFileRefusesInsteadOfTouchingAnotherFilesDescriptor() throws IOException {
        SparseFile file = SparseFile.create(folder.resolve("f"), 4096);
        file.close();
        file.close();

        assertThatThrownBy(file::sizeBytes).isInstanceOf(IllegalStateException.class);
    }
}
