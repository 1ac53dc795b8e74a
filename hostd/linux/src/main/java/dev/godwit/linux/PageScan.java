package dev.godwit.linux;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;

/**
 * Reads what a process wrote to memory that a {@link Userfaultfd} with {@link Userfaultfd#FEATURE_WP_ASYNC} tracks, and
 * re-arms it in the same call (Linux 6.7).
 *
 * <p>A page counts as written when it carries no write protection, <em>also when its page-table entry is gone</em>: the
 * kernel drops the entry of a written shared page when it reclaims memory, and a scan that asked for "present or
 * swapped" beside "written" would lose that write. So the masks here must stay exactly {@code WRITTEN}.
 *
 * <p>Not thread-safe: one scan at a time. Source: linux/fs.h, admin-guide/mm/pagemap.
 */
public final class PageScan implements AutoCloseable {
    /** Takes one run of written pages. */
    @FunctionalInterface
    public interface Written {
        /** Both are multiples of the page size; the address is the scanned process's. */
        void run(long address, long lengthBytes);
    }

    static final long PAGEMAP_SCAN = 0xC0606610L;
    static final long PM_SCAN_WP_MATCHING = 1;
    static final long PM_SCAN_CHECK_WPASYNC = 2;
    static final long PAGE_IS_WRITTEN = 2;
    static final int ARGUMENT_BYTES = 96;
    static final int FLAGS = 8;
    static final int START = 16;
    static final int END = 24;
    static final int WALK_END = 32;
    static final int VECTOR = 40;
    static final int VECTOR_LENGTH = 48;
    static final int CATEGORY_MASK = 72;
    static final int RETURN_MASK = 88;
    static final int REGION_BYTES = 24;
    static final int REGION_END = 8;
    /** Regions a call can return: 96 KiB of buffer a VM, and a scan of 10 % of 1 GiB takes seven calls. */
    private static final int REGIONS_MAX = 4096;

    private final Arena arena = Arena.ofShared();
    private final Descriptor pagemap;
    private final MemorySegment argument = arena.allocate(ARGUMENT_BYTES, 8);
    private final MemorySegment regions = arena.allocate((long) REGIONS_MAX * REGION_BYTES, 8);

    private PageScan(Descriptor pagemap) {
        this.pagemap = pagemap;
        argument.set(JAVA_LONG, 0, ARGUMENT_BYTES);
        argument.set(JAVA_LONG, CATEGORY_MASK, PAGE_IS_WRITTEN);
        argument.set(JAVA_LONG, RETURN_MASK, PAGE_IS_WRITTEN);
    }

    /**
     * Opens a process's page map.
     *
     * @throws LinuxException EACCES: no right to look into it; ENOENT: there is no such process
     */
    public static PageScan open(long pid) throws IOException {
        return new PageScan(Descriptor.open(Path.of("/proc", Long.toString(pid), "pagemap"), Descriptor.O_RDONLY, 0));
    }

    /**
     * Finds what was written in a range since the last scan, and write-protects it again.
     *
     * <p>A process that has ended looks like one that wrote nothing: ask {@link Pidfd#isAlive} <em>after</em> the scan.
     *
     * @throws LinuxException EPERM: the range is not tracked; ENOTTY: the kernel is older than 6.7. Runs that were
     *     re-armed and not reported may be lost: treat everything as written
     */
    public void takeWritten(long address, long lengthBytes, Written written) throws IOException {
        walk(address, lengthBytes, PM_SCAN_WP_MATCHING | PM_SCAN_CHECK_WPASYNC, written);
    }

    /** Whether a range is tracked; changes nothing. */
    public boolean isTracked(long address, long lengthBytes) throws IOException {
        try {
            walk(address, lengthBytes, PM_SCAN_CHECK_WPASYNC, (start, length) -> {});
            return true;
        } catch (LinuxException refused) {
            if (refused.errno() == Errno.EPERM) {
                return false;
            }
            throw refused;
        }
    }

    private void walk(long address, long lengthBytes, long flags, Written written) throws IOException {
        long end = address + lengthBytes;
        argument.set(JAVA_LONG, FLAGS, flags);
        argument.set(JAVA_LONG, END, end);
        argument.set(JAVA_LONG, VECTOR, regions.address());
        argument.set(JAVA_LONG, VECTOR_LENGTH, REGIONS_MAX);
        long from = address;
        while (from < end) {
            argument.set(JAVA_LONG, START, from);
            argument.set(JAVA_LONG, WALK_END, 0);
            int found = Libc.ioctl(pagemap.number(), PAGEMAP_SCAN, argument);
            if (found < 0) {
                throw Libc.failure("ioctl PAGEMAP_SCAN on " + pagemap.what() + ", " + (end - from) + " bytes at 0x"
                        + Long.toHexString(from));
            }
            for (int i = 0; i < found; i++) {
                long region = (long) i * REGION_BYTES;
                long start = regions.get(JAVA_LONG, region);
                written.run(start, regions.get(JAVA_LONG, region + REGION_END) - start);
            }
            long reached = argument.get(JAVA_LONG, WALK_END);
            if (reached <= from) {
                throw new IOException("ioctl PAGEMAP_SCAN on " + pagemap.what() + " stands still at 0x"
                        + Long.toHexString(from) + " before the end 0x" + Long.toHexString(end));
            }
            from = reached;
        }
    }

    /** Closes the page map; a second call does nothing. */
    @Override
    public void close() {
        pagemap.close();
        if (arena.scope().isAlive()) {
            arena.close();
        }
    }
}
