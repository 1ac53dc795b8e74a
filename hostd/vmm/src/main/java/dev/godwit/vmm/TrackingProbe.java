package dev.godwit.vmm;

import dev.godwit.linux.MemoryAdvice;
import dev.godwit.linux.Mount;
import dev.godwit.linux.PageScan;
import dev.godwit.linux.Userfaultfd;
import dev.godwit.volume.PageSet;
import dev.godwit.volume.Pages;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * Tries at hostd's start whether writes to guest memory are seen: writes, scans, sees exactly what was written, and sees
 * it again after re-arming. Kernel versions and feature bits are not believed: one kernel reports success for a
 * mechanism that it was built without.
 */
public final class TrackingProbe {
    /** More than one page table (512 pages), so that a scan has to walk on. */
    private static final int PAGES = 1200;

    private final Path ramFolder;

    /** Probes on the tmpfs that RAM files will live on. */
    public TrackingProbe(Path ramFolder) {
        this.ramFolder = ramFolder;
    }

    /** Takes a few milliseconds and leaves nothing behind. */
    public Tracking run() {
        try {
            if (!Mount.isTmpfs(ramFolder)) {
                return Tracking.without(ramFolder + " is not on a tmpfs, where RAM files live");
            }
            String wrong = tryOut();
            return wrong.isEmpty() ? Tracking.with(TrackedMemory.MECHANISM) : Tracking.without(wrong);
        } catch (IOException refused) {
            return Tracking.without("userfaultfd write protection and PAGEMAP_SCAN don't work here: "
                    + refused.getMessage() + ". Needed are Linux 6.7 or newer and, for hostd, the capabilities "
                    + "CAP_SYS_PTRACE and CAP_SYS_ADMIN");
        }
    }

    private String tryOut() throws IOException {
        Path file = Files.createTempFile(ramFolder, "tracking-probe", ".ram");
        try (Arena arena = Arena.ofShared();
                Userfaultfd uffd = Userfaultfd.create(TrackedMemory.FEATURES);
                PageScan scan = PageScan.open(ProcessHandle.current().pid())) {
            MemorySegment ram = map(file, arena);
            uffd.register(ram.address(), ram.byteSize(), Userfaultfd.REGISTER_WRITE_PROTECT);
            uffd.writeProtect(ram.address(), ram.byteSize());
            return compare(scan, ram);
        } finally {
            Files.delete(file);
        }
    }

    private static MemorySegment map(Path file, Arena arena) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            return channel.map(FileChannel.MapMode.READ_WRITE, 0, (long) PAGES * Pages.PAGE_BYTES, arena);
        }
    }

    /** What went wrong, or nothing. */
    private static String compare(PageScan scan, MemorySegment ram) throws IOException {
        PageSet none = new PageSet(PAGES);
        if (!same(scan, ram, none)) {
            return "a scan reports writes to memory that nobody wrote to";
        }
        PageSet written = new PageSet(PAGES);
        for (long page : new long[] {0, 3, 4, 700, PAGES - 1}) {
            write(ram, page);
            written.add(page, 1);
        }
        // As the kernel does to a written page when it reclaims memory.
        MemoryAdvice.drop(ram.asSlice(3L * Pages.PAGE_BYTES, Pages.PAGE_BYTES));
        if (!same(scan, ram, written)) {
            return "a scan does not report exactly the pages that were written";
        }
        if (!same(scan, ram, none)) {
            return "a scan does not re-arm what it reports";
        }
        write(ram, 700);
        written = new PageSet(PAGES);
        written.add(700, 1);
        return same(scan, ram, written) ? "" : "a second write to a page is not reported";
    }

    private static void write(MemorySegment ram, long page) {
        long at = page * Pages.PAGE_BYTES;
        ram.set(ValueLayout.JAVA_BYTE, at, (byte) (ram.get(ValueLayout.JAVA_BYTE, at) + 1));
    }

    private static boolean same(PageScan scan, MemorySegment ram, PageSet expected) throws IOException {
        PageSet found = new PageSet(PAGES);
        scan.takeWritten(
                ram.address(),
                ram.byteSize(),
                (address, length) ->
                        found.add((address - ram.address()) / Pages.PAGE_BYTES, length / Pages.PAGE_BYTES));
        if (found.count() != expected.count()) {
            return false;
        }
        for (long page = expected.next(0); page >= 0; page = expected.next(page + 1)) {
            if (!found.contains(page)) {
                return false;
            }
        }
        return true;
    }
}
