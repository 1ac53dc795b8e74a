package dev.godwit.vmm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.godwit.linux.Mount;
import dev.godwit.linux.SparseFile;
import dev.godwit.volume.PageSet;
import dev.godwit.volume.Pages;
import dev.godwit.volume.SinkPages;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;
import org.junit.jupiter.api.io.TempDir;

/** Guest memory of a real process that maps a RAM file under the preload. Needs root and Linux 6.7. */
class TrackedMemoryTest {
    private static final int PAGES = 4096;
    private static final Duration TIMEOUT = Duration.ofSeconds(20);

    @TempDir
    static Path folder;

    private static Path ramFolder = Path.of("/");
    private static Path program = Path.of("/");

    private Path ramFile = Path.of("/");

    @SuppressWarnings("NullAway.Init")
    private RamWriter vmm;

    @SuppressWarnings("NullAway.Init")
    private TrackedMemory memory;

    @BeforeAll
    static void mountATmpfs() throws Exception {
        program = RamWriter.compile(folder);
        ramFolder = Files.createDirectory(folder.resolve("ram"));
        Mount.tmpfs(ramFolder, 256 << 20, 0711);
    }

    @AfterAll
    static void unmountIt() throws IOException {
        Mount.unmount(ramFolder);
    }

    @BeforeEach
    void handOver(TestInfo test) throws IOException {
        ramFile = ramFolder.resolve(test.getTestMethod().orElseThrow().getName());
        SparseFile.create(ramFile, (long) PAGES * Pages.PAGE_BYTES).close();
        Path socket = folder.resolve("ram.sock");
        try (RamHandOver handOver = RamHandOver.listen("vm1", ramFile, (long) PAGES * Pages.PAGE_BYTES, socket, 0)) {
            vmm = RamWriter.start(
                    program,
                    ramFile,
                    PAGES,
                    handOver.environment(RamWriter.preload(), TIMEOUT),
                    folder.resolve("stderr"));
            memory = handOver.await(vmm.pid(), TIMEOUT);
        }
        vmm.mapped();
    }

    @AfterEach
    void endIt() throws IOException {
        memory.close();
        vmm.close();
        Files.deleteIfExists(ramFile);
    }

    @Test
    void aScanFindsExactlyTheWrittenPagesForEverySinkAndReArms() throws IOException {
        SinkPages peer = memory.dirtySets().open("peer");
        SinkPages store = memory.dirtySets().open("store");
        memory.scan();
        assertThat(peer.dirtyCount()).isZero();

        vmm.say("write 3 7");
        vmm.say("range 1000 2 7");
        vmm.say("write 4095 7");
        memory.scan();

        assertThat(pages(peer.take())).containsExactly(3L, 1000L, 1001L, 4095L);
        memory.scan();
        assertThat(peer.dirtyCount()).isZero();
        vmm.say("write 1001 8");
        memory.scan();
        assertThat(pages(peer.take())).containsExactly(1001L);
        assertThat(pages(store.take())).containsExactly(3L, 1000L, 1001L, 4095L);
    }

    @Test
    void whatIsWrittenBetweenAScanAndItsReadIsFoundByTheNextScan() throws IOException {
        SinkPages sink = memory.dirtySets().open("peer");
        vmm.say("write 5 1");
        memory.scan();
        assertThat(pages(sink.take())).containsExactly(5L);

        vmm.say("write 5 2");

        assertThat(byteOf(5)).isEqualTo(2);
        memory.scan();
        assertThat(pages(sink.take())).containsExactly(5L);
    }

    @Test
    void aPageThatBecameZeroIsContentAndDirty() throws IOException {
        SinkPages sink = memory.dirtySets().open("peer");
        vmm.say("write 9 1");
        memory.scan();
        sink.take();

        vmm.say("write 9 0");
        memory.scan();

        assertThat(pages(sink.take())).containsExactly(9L);
        assertThat(pages(memory.content())).containsExactly(9L);
        assertThat(byteOf(9)).isZero();
    }

    @Test
    void contentIsTheDataExtentsOfTheRamFile() throws IOException {
        assertThat(memory.content().isEmpty()).isTrue();
        vmm.say("range 0 3 1");
        vmm.say("write 2000 1");

        assertThat(pages(memory.content())).containsExactly(0L, 1L, 2L, 2000L);
    }

    @Test
    void aWrittenPageWhosePageTableEntryWasDroppedIsStillFoundAndRead() throws IOException {
        SinkPages sink = memory.dirtySets().open("peer");
        vmm.say("write 7 5");
        assertThat(vmm.say("drop 7")).isEqualTo("0");

        memory.scan();

        assertThat(pages(sink.take())).containsExactly(7L);
        assertThat(byteOf(7)).isEqualTo(5);
    }

    @Test
    void readingAHoleGivesZerosAndAllocatesNothing() throws IOException {
        vmm.say("write 100 6");
        memory.content();
        memory.scan();
        long before = allocatedBytes();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment all = arena.allocate((long) PAGES * Pages.PAGE_BYTES).fill((byte) 1);

            memory.read(0, PAGES, all);

            for (int page = 0; page < PAGES; page++) {
                assertThat(all.get(ValueLayout.JAVA_BYTE, (long) page * Pages.PAGE_BYTES))
                        .isEqualTo((byte) (page == 100 ? 6 : 0));
            }
        }
        assertThat(allocatedBytes()).isEqualTo(before).isEqualTo(Pages.PAGE_BYTES);
    }

    @Test
    void writesLandInTheVmmAndCanBeReadBack() throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment from = arena.allocate(3 * Pages.PAGE_BYTES).fill((byte) 42);

            memory.write(50, 3, from);

            assertThat(pages(memory.content())).containsExactly(50L, 51L, 52L);
            assertThat(vmm.say("read 50")).isEqualTo("42");
            assertThat(vmm.say("read 52")).isEqualTo("42");
            assertThat(vmm.say("read 53")).isEqualTo("0");
            assertThat(byteOf(52)).isEqualTo(42);
        }
    }

    @Test
    void zeroingClearsDataAndLeavesAHoleAHole() throws IOException {
        vmm.say("range 10 200 1");
        long before = allocatedBytes();

        memory.zero(0, 1000);

        assertThat(vmm.say("read 10")).isEqualTo("0");
        assertThat(vmm.say("read 209")).isEqualTo("0");
        assertThat(byteOf(100)).isZero();
        assertThat(allocatedBytes()).isEqualTo(before);
        assertThat(memory.content().count()).isEqualTo(200);
    }

    @Test
    void newPagesAreChargedToTheVmmsControlGroup() throws IOException {
        Path groups = Path.of("/sys/fs/cgroup");
        boolean unified = Files.exists(groups.resolve("cgroup.controllers"));
        Path group = Files.createDirectory(groups.resolve(unified ? "" : "memory")
                .resolve("godwit-test-" + ProcessHandle.current().pid()));
        try (Arena arena = Arena.ofConfined()) {
            Files.writeString(group.resolve("cgroup.procs"), Long.toString(vmm.pid()));
            Path usage = group.resolve(unified ? "memory.current" : "memory.usage_in_bytes");
            long before = Long.parseLong(Files.readString(usage).strip());

            memory.write(0, 2048, arena.allocate(2048L * Pages.PAGE_BYTES).fill((byte) 1));

            long after = Long.parseLong(Files.readString(usage).strip());
            assertThat(after - before).isGreaterThanOrEqualTo(2048L * Pages.PAGE_BYTES);
        } finally {
            vmm.close();
            Files.delete(group);
        }
    }

    @Test
    void aFullTmpfsIsAnErrorThatSaysSo() throws IOException {
        Path filler = ramFolder.resolve("filler");
        try (SparseFile file = SparseFile.create(filler, 256 << 20);
                Arena arena = Arena.ofConfined()) {
            file.allocate(0, Mount.freeBytes(ramFolder) - 64 * Pages.PAGE_BYTES);

            assertThatThrownBy(() -> memory.write(0, 128, arena.allocate(128L * Pages.PAGE_BYTES)))
                    .hasMessageContaining("VM vm1")
                    .hasMessageContaining(" 0 bytes free: is the tmpfs full")
                    .rootCause()
                    .hasMessageContaining("EFAULT");
        } finally {
            Files.delete(filler);
        }
    }

    @Test
    void aRestartedHostdTakesTheMemoryBackAndMissesNoWrite() throws IOException {
        vmm.say("write 20 1");
        memory.scan();
        memory.close();
        vmm.say("write 21 1");

        memory = TrackedMemory.adopt("vm1", vmm.pid(), ramFile, (long) PAGES * Pages.PAGE_BYTES);
        SinkPages sink = memory.dirtySets().open("peer");
        sink.mark(memory.content());
        assertThat(pages(sink.take())).containsExactly(20L, 21L);
        memory.scan();

        assertThat(pages(sink.take())).containsExactly(21L);
        vmm.say("write 22 1");
        memory.scan();
        assertThat(pages(sink.take())).containsExactly(22L);
    }

    @Test
    void aMappingThatTheVmmCutInPiecesByAdviceIsStillOneMapping() throws IOException {
        assertThat(vmm.say("split 1000")).isEqualTo("0");
        vmm.say("range 999 3 1");
        memory.close();

        memory = TrackedMemory.adopt("vm1", vmm.pid(), ramFile, (long) PAGES * Pages.PAGE_BYTES);
        SinkPages sink = memory.dirtySets().open("peer");
        memory.scan();

        assertThat(pages(sink.take())).containsExactly(999L, 1000L, 1001L);
    }

    @Test
    void aVmmThatEndedIsAnErrorAndNeverAnEmptyScan() throws Exception {
        SinkPages sink = memory.dirtySets().open("peer");
        vmm.close();

        assertThatThrownBy(memory::scan).hasMessage("VM vm1: its VMM (process " + vmm.pid() + ") has ended");
        assertThat(sink.dirtyCount()).isEqualTo(PAGES);
        try (Arena arena = Arena.ofConfined()) {
            assertThatThrownBy(() -> memory.write(0, 1, arena.allocate(Pages.PAGE_BYTES)))
                    .hasMessageContaining("has ended");
        }
    }

    @Test
    void pagesOutsideTheRamAndBuffersTooSmallAreRefused() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment page = arena.allocate(Pages.PAGE_BYTES);
            assertThatThrownBy(() -> memory.read(PAGES, 1, page))
                    .hasMessage("pages 4096+1 are outside a RAM of 4096 pages");
            assertThatThrownBy(() -> memory.read(0, 2, page))
                    .hasMessage("a buffer of 4096 bytes does not hold 2 pages");
        }
    }

    @Test
    void theVmmsOtherMappingsWorkAndAnotherOneOfItsRamIsRefused() throws IOException {
        int busy = 16;
        int invalid = 22;
        assertThat(vmm.say("other")).isEqualTo("0");
        assertThat(vmm.say("again")).isEqualTo(Integer.toString(busy));
        assertThat(vmm.say("private")).isEqualTo(Integer.toString(invalid));
        assertThat(vmm.stderr())
                .contains("refused a second mapping of the guest RAM file")
                .contains("refused a private mapping of the guest RAM file");
        assertThat(vmm.say("write 1 1")).isEqualTo("ok");
    }

    private long allocatedBytes() throws IOException {
        try (SparseFile file = SparseFile.openReadOnly(ramFile)) {
            return file.allocatedBytes();
        }
    }

    private int byteOf(long page) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment copy = arena.allocate(Pages.PAGE_BYTES);
            memory.read(page, 1, copy);
            return Byte.toUnsignedInt(copy.get(ValueLayout.JAVA_BYTE, Pages.PAGE_BYTES - 1));
        }
    }

    private static List<Long> pages(PageSet set) {
        List<Long> pages = new ArrayList<>();
        for (long page = set.next(0); page >= 0; page = set.next(page + 1)) {
            pages.add(page);
        }
        return pages;
    }
}
