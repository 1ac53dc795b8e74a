package dev.godwit.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Tracks a mapping of this very process, on a real tmpfs. Needs Linux 6.7 and root. */
class PageScanTest {
    private static final int PAGE = 4096;
    private static final int PAGES = 20_000;
    private static final long TRACKING = Userfaultfd.FEATURE_WP_ASYNC | Userfaultfd.FEATURE_WP_UNPOPULATED;

    private final Path path =
            Path.of("/dev/shm/godwit-page-scan-" + ProcessHandle.current().pid());
    private final Arena arena = Arena.ofShared();
    private MemorySegment ram = MemorySegment.NULL;

    @BeforeEach
    void mapAFile() throws IOException {
        SparseFile.create(path, (long) PAGES * PAGE).close();
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            ram = channel.map(FileChannel.MapMode.READ_WRITE, 0, (long) PAGES * PAGE, arena);
        }
    }

    @AfterEach
    void unmapIt() throws IOException {
        arena.close();
        Files.delete(path);
    }

    @Test
    void aScanFindsExactlyTheWrittenPagesOnceAndARewriteAgain() throws IOException {
        try (Userfaultfd _ = track();
                PageScan scan = PageScan.open(ProcessHandle.current().pid())) {
            assertThat(written(scan)).isEmpty();

            write(3);
            write(4);
            write(PAGES - 1);

            assertThat(written(scan)).containsExactly(3, 4, PAGES - 1);
            assertThat(written(scan)).isEmpty();
            write(4);
            assertThat(written(scan)).containsExactly(4);
        }
    }

    @Test
    void aScanOfMoreRunsThanTheBufferHoldsFindsThemAll() throws IOException {
        try (Userfaultfd _ = track();
                PageScan scan = PageScan.open(ProcessHandle.current().pid())) {
            List<Integer> expected = new ArrayList<>();
            for (int page = 1; page < PAGES; page += 2) {
                write(page);
                expected.add(page);
            }

            assertThat(written(scan)).isEqualTo(expected);
            assertThat(written(scan)).isEmpty();
        }
    }

    @Test
    void aWrittenPageWhosePageTableEntryTheKernelDroppedIsStillFound() throws IOException {
        try (Userfaultfd _ = track();
                PageScan scan = PageScan.open(ProcessHandle.current().pid())) {
            write(7);
            write(900);
            MemoryAdvice.drop(ram.asSlice(7L * PAGE, PAGE));

            assertThat(written(scan)).containsExactly(7, 900);
            assertThat(written(scan)).isEmpty();
        }
    }

    @Test
    void aReadIsNotAWrite() throws IOException {
        try (Userfaultfd _ = track();
                PageScan scan = PageScan.open(ProcessHandle.current().pid())) {
            for (int page = 0; page < PAGES; page++) {
                assertThat(ram.get(ValueLayout.JAVA_BYTE, (long) page * PAGE)).isZero();
            }

            assertThat(written(scan)).isEmpty();
        }
    }

    @Test
    void memoryThatIsNotTrackedIsRefusedInsteadOfReportedClean() throws IOException {
        try (PageScan scan = PageScan.open(ProcessHandle.current().pid())) {
            assertThat(scan.isTracked(ram.address(), ram.byteSize())).isFalse();
            assertThatThrownBy(() -> written(scan)).hasMessageContaining("EPERM");
            try (Userfaultfd _ = track()) {
                assertThat(scan.isTracked(ram.address(), ram.byteSize())).isTrue();
            }
            assertThat(scan.isTracked(ram.address(), ram.byteSize())).isFalse();
        }
    }

    @Test
    void anUnregisteredRangeCannotBeProtected() throws IOException {
        try (Userfaultfd uffd = Userfaultfd.create(Userfaultfd.FEATURE_WP_ASYNC)) {
            assertThatThrownBy(() -> uffd.writeProtect(ram.address(), PAGE))
                    .hasMessage("ioctl UFFDIO_WRITEPROTECT on 4096 bytes at 0x" + Long.toHexString(ram.address())
                            + ": ENOENT");
        }
    }

    @Test
    void aMissingPageIsFilledOnceNeverOverwrittenAndTrackedFromTheStart() throws IOException {
        long features = TRACKING | Userfaultfd.FEATURE_MISSING_SHMEM;
        try (Userfaultfd uffd = Userfaultfd.create(features);
                PageScan scan = PageScan.open(ProcessHandle.current().pid());
                Arena own = Arena.ofConfined()) {
            uffd.register(
                    ram.address(), ram.byteSize(), Userfaultfd.REGISTER_MISSING | Userfaultfd.REGISTER_WRITE_PROTECT);
            uffd.writeProtect(ram.address(), ram.byteSize());
            MemorySegment pages = own.allocate(2 * PAGE, PAGE).fill((byte) 9);

            uffd.copy(ram.address() + 5 * PAGE, pages);
            uffd.wake(ram.address(), ram.byteSize());

            assertThat(ram.get(ValueLayout.JAVA_BYTE, 7 * PAGE - 1)).isEqualTo((byte) 9);
            assertThatThrownBy(() -> uffd.copy(ram.address() + 6 * PAGE, pages))
                    .isInstanceOfSatisfying(
                            LinuxException.class,
                            failed -> assertThat(failed.errno()).isEqualTo(Errno.EEXIST));
            assertThat(written(scan)).isEmpty();
            write(6);
            assertThat(written(scan)).containsExactly(6);
        }
    }

    @Test
    void aKernelThatLacksAFeatureSaysSo() {
        assertThatThrownBy(() -> Userfaultfd.create(1L << 60))
                .hasMessageContaining("UFFDIO_API with features 0x1000000000000000")
                .hasMessageContaining("EINVAL");
    }

    private Userfaultfd track() throws IOException {
        Userfaultfd uffd = Userfaultfd.create(TRACKING);
        uffd.register(ram.address(), ram.byteSize(), Userfaultfd.REGISTER_WRITE_PROTECT);
        uffd.writeProtect(ram.address(), ram.byteSize());
        return uffd;
    }

    private void write(int page) {
        ram.set(ValueLayout.JAVA_BYTE, (long) page * PAGE, (byte) 1);
    }

    private List<Integer> written(PageScan scan) throws IOException {
        List<Integer> pages = new ArrayList<>();
        scan.takeWritten(ram.address(), ram.byteSize(), (address, length) -> {
            for (long at = address; at < address + length; at += PAGE) {
                pages.add((int) ((at - ram.address()) / PAGE));
            }
        });
        return pages;
    }
}
