package dev.godwit.vmm;

import dev.godwit.linux.LinuxException;
import dev.godwit.linux.Mount;
import dev.godwit.linux.PageScan;
import dev.godwit.linux.Pidfd;
import dev.godwit.linux.ProcessMemory;
import dev.godwit.linux.SparseFile;
import dev.godwit.linux.Userfaultfd;
import dev.godwit.volume.DirtySets;
import dev.godwit.volume.PageSet;
import dev.godwit.volume.Pages;
import dev.godwit.volume.VolumeKind;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * Guest RAM that a VMM handed over: a file on a tmpfs, the VMM's mapping of it under userfaultfd write protection that
 * the kernel lifts by itself, and {@code PAGEMAP_SCAN} on the VMM's page map.
 *
 * <p>A page is read through this process's own mapping only once it is known to be in the file; any other page is read
 * by {@code pread}, which reads a hole as zeros and leaves it a hole. Nothing may punch the file while the VM lives: the
 * VMM is started without a balloon. Pages are filled as in a move, before the guest runs and without {@code
 * GODWIT_RAM_MISSING}: where missing pages are caught, a write from here would wait for somebody to fill them.
 *
 * <p>Thread-safe but for {@link #close}: let no call be under way. Closing does not touch the VMM, which stays tracked.
 */
public final class TrackedMemory implements GuestMemory {
    /** What {@link #tracking} says. */
    public static final String MECHANISM = "uffd-wp-async";

    static final long FEATURES = Userfaultfd.FEATURE_WP_ASYNC | Userfaultfd.FEATURE_WP_UNPOPULATED;

    private static final Arena FOREVER = Arena.global();
    /** Zeroing goes in steps of this size: large enough that the call costs nothing beside the copy. */
    private static final long ZERO_STEP_BYTES = 256 * 1024;

    private static final MemorySegment ZEROS = FOREVER.allocate(ZERO_STEP_BYTES, Pages.PAGE_BYTES);

    private final String vmId;
    private final RamMapping there;
    private final Pidfd process;
    private final Userfaultfd uffd;
    private final PageScan scan;
    private final SparseFile file;
    private final Arena arena = Arena.ofShared();
    private final MemorySegment here;
    private final ProcessMemory processMemory;
    private final PageSet present;
    private final DirtySets dirtySets;

    private TrackedMemory(
            String vmId, RamMapping there, Pidfd process, Userfaultfd uffd, PageScan scan, SparseFile file)
            throws IOException {
        this.vmId = vmId;
        this.there = there;
        this.process = process;
        this.uffd = uffd;
        this.scan = scan;
        this.file = file;
        try (FileChannel channel = FileChannel.open(file.path(), StandardOpenOption.READ)) {
            this.here = channel.map(FileChannel.MapMode.READ_ONLY, 0, there.sizeBytes(), arena);
        }
        this.processMemory = new ProcessMemory(process.pid());
        long pages = Pages.pageCount(there.sizeBytes());
        this.present = new PageSet(pages);
        this.dirtySets = new DirtySets(pages);
    }

    /**
     * Begins to track the RAM of a VMM that waits in its hand-over: write-protects all of it.
     *
     * @throws IOException the VMM does not map {@code ramBytes} of {@code ramFile}, or holds no userfaultfd that tracks
     *     it
     */
    static TrackedMemory begin(String vmId, long pid, Path ramFile, long ramBytes) throws IOException {
        TrackedMemory memory = open(vmId, pid, ramFile, ramBytes);
        try {
            memory.uffd.writeProtect(memory.there.address(), memory.there.sizeBytes());
            memory.requireTracked();
            return memory;
        } catch (IOException | RuntimeException failed) {
            memory.close();
            throw failed;
        }
    }

    /**
     * Takes the RAM of a VMM over that an earlier hostd tracked. What was written since that hostd's last scan is still
     * found by the next one, but what it had scanned and not sent is forgotten: the caller marks all of
     * {@link #content} in every sink it opens.
     *
     * @throws IOException the process is gone, does not map the file, or is not tracked (then the VM can't be moved
     *     while it runs)
     */
    public static TrackedMemory adopt(String vmId, long pid, Path ramFile, long ramBytes) throws IOException {
        TrackedMemory memory = open(vmId, pid, ramFile, ramBytes);
        try {
            memory.requireTracked();
            // Faults that the earlier hostd had read and not served are raised again.
            memory.uffd.wake(memory.there.address(), memory.there.sizeBytes());
            return memory;
        } catch (IOException | RuntimeException failed) {
            memory.close();
            throw failed;
        }
    }

    private static TrackedMemory open(String vmId, long pid, Path ramFile, long ramBytes) throws IOException {
        Unfinished opened = new Unfinished();
        try {
            Pidfd process = opened.add(Pidfd.open(pid));
            RamMapping there = RamMapping.find(pid, ramFile);
            if (there.sizeBytes() != ramBytes) {
                throw new IOException("process " + pid + " maps " + there.sizeBytes() + " bytes of " + ramFile
                        + ", the VM has " + ramBytes);
            }
            Userfaultfd uffd = opened.add(Userfaultfd.takeFrom(process, FEATURES));
            PageScan scan = opened.add(PageScan.open(pid));
            SparseFile file = opened.add(SparseFile.open(ramFile));
            TrackedMemory memory = new TrackedMemory(vmId, there, process, uffd, scan, file);
            opened.keep();
            return memory;
        } catch (IOException failed) {
            throw new IOException("VM " + vmId + ": can't track its RAM: " + failed.getMessage(), failed);
        } finally {
            opened.close();
        }
    }

    private void requireTracked() throws IOException {
        if (!scan.isTracked(there.address(), there.sizeBytes())) {
            throw new IOException("VM " + vmId + ": the RAM that its VMM (process " + process.pid()
                    + ") maps is not under userfaultfd write protection; was the VMM started without the preload?");
        }
    }

    @Override
    public String tracking() {
        return MECHANISM;
    }

    @Override
    public VolumeKind kind() {
        return VolumeKind.MEMORY;
    }

    @Override
    public long pageCount() {
        return present.pages();
    }

    @Override
    public DirtySets dirtySets() {
        return dirtySets;
    }

    @Override
    public synchronized void scan() throws IOException {
        PageSet written = new PageSet(pageCount());
        try {
            scan.takeWritten(
                    there.address(),
                    there.sizeBytes(),
                    (address, length) ->
                            written.add((address - there.address()) / Pages.PAGE_BYTES, length / Pages.PAGE_BYTES));
            // Asked after the scan: a process that is ending may look like one that wrote nothing.
            requireAlive();
        } catch (IOException failed) {
            // What was re-armed and not reported would be lost, so everything counts as written.
            dirtySets.mark(0, pageCount());
            requireAlive();
            throw new IOException("VM " + vmId + ": can't find what it wrote: " + failed.getMessage(), failed);
        }
        present.addAll(written);
        dirtySets.mark(written);
    }

    @Override
    public PageSet content() throws IOException {
        PageSet content = new PageSet(pageCount());
        forEachExtent(0, there.sizeBytes(), content::add);
        present.addAll(content);
        return content;
    }

    @Override
    public void read(long firstPage, int count, MemorySegment into) throws IOException {
        check(firstPage, count, into);
        long end = firstPage + count;
        for (long page = firstPage; page < end; ) {
            long offset = page * Pages.PAGE_BYTES;
            long at = offset - firstPage * Pages.PAGE_BYTES;
            int run;
            if (present.contains(page)) {
                run = present.run(page, (int) (end - page));
                MemorySegment.copy(here, offset, into, at, (long) run * Pages.PAGE_BYTES);
            } else {
                long next = present.next(page);
                run = (int) ((next < 0 || next > end ? end : next) - page);
                file.read(offset, into.asSlice(at, (long) run * Pages.PAGE_BYTES));
            }
            page += run;
        }
    }

    /** Writes through the VMM's own mapping, so that its control group is charged for new pages. */
    @Override
    public void write(long firstPage, int count, MemorySegment from) throws IOException {
        check(firstPage, count, from);
        put(firstPage, from.asSlice(0, (long) count * Pages.PAGE_BYTES));
        present.add(firstPage, count);
    }

    /** A page that is a hole reads as zeros already and stays a hole. */
    @Override
    public void zero(long firstPage, int count) throws IOException {
        check(firstPage, count);
        long from = firstPage * Pages.PAGE_BYTES;
        forEachExtent(from, from + (long) count * Pages.PAGE_BYTES, this::putZeros);
    }

    private void putZeros(long firstPage, long count) throws IOException {
        long end = (firstPage + count) * Pages.PAGE_BYTES;
        for (long at = firstPage * Pages.PAGE_BYTES; at < end; at += ZERO_STEP_BYTES) {
            put(at / Pages.PAGE_BYTES, ZEROS.asSlice(0, Math.min(ZERO_STEP_BYTES, end - at)));
        }
    }

    /** RAM is not durable. */
    @Override
    public void flush() {}

    private interface Extent {
        void pages(long first, long count) throws IOException;
    }

    private void forEachExtent(long from, long end, Extent extent) throws IOException {
        long data = file.nextData(from);
        while (data >= 0 && data < end) {
            long hole = Math.min(file.nextHole(data), end);
            long first = data / Pages.PAGE_BYTES;
            extent.pages(first, (hole + Pages.PAGE_BYTES - 1) / Pages.PAGE_BYTES - first);
            data = file.nextData(hole);
        }
    }

    /** There is no second way by the file: it would charge this process, and needs no fewer rights than a hand-over. */
    private void put(long firstPage, MemorySegment from) throws IOException {
        requireAlive();
        try {
            processMemory.write(there.address() + firstPage * Pages.PAGE_BYTES, from);
        } catch (LinuxException refused) {
            throw new IOException(
                    "VM " + vmId + ": can't fill its RAM at page " + firstPage + "; " + file.path() + " has "
                            + Mount.freeBytes(file.path())
                            + " bytes free: is the tmpfs full, or the VM's control group at its limit?",
                    refused);
        }
    }

    private void requireAlive() throws IOException {
        if (!process.isAlive()) {
            throw new IOException("VM " + vmId + ": its VMM (process " + process.pid() + ") has ended");
        }
    }

    private void check(long firstPage, int count, MemorySegment memory) {
        check(firstPage, count);
        if (memory.byteSize() < (long) count * Pages.PAGE_BYTES) {
            throw new IllegalArgumentException(
                    "a buffer of " + memory.byteSize() + " bytes does not hold " + count + " pages");
        }
    }

    private void check(long firstPage, int count) {
        if (count < 1 || firstPage < 0 || firstPage + count > pageCount()) {
            throw new IndexOutOfBoundsException(
                    "pages " + firstPage + "+" + count + " are outside a RAM of " + pageCount() + " pages");
        }
    }

    /** Lets go of the VMM, which stays tracked and can be adopted; a second call does nothing. */
    @Override
    public synchronized void close() {
        if (arena.scope().isAlive()) {
            arena.close();
        }
        file.close();
        scan.close();
        uffd.close();
        process.close();
    }
}
