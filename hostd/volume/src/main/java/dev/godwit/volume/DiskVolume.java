package dev.godwit.volume;

import static dev.godwit.volume.Pages.PAGES_PER_BLOCK;
import static dev.godwit.volume.Pages.PAGE_BYTES;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.locks.StampedLock;

/**
 * A disk: an immutable base image and a local overlay that holds every block written since. A block of the overlay is
 * named by a journalled map; a write is acknowledged when its data and its map record are in the kernel, so a crash of
 * hostd loses nothing acknowledged, and a flush when they are on the medium.
 *
 * <p>Each write marks its pages in every sink's dirty set after it has landed, also one that failed half-way.
 *
 * <p>Thread-safe: requests run at once, and wait for each other only where they first touch the same block. Two writes
 * to the same bytes at once leave either. Memory segments are native. Calls block their (platform) thread.
 */
public final class DiskVolume implements SourceVolume, TargetVolume, AutoCloseable {
    private final Overlay overlay;
    private final long pageCount;
    private final DirtySets dirtySets;
    private final StampedLock life = new StampedLock();
    private boolean closed;

    private DiskVolume(Overlay overlay) {
        this.overlay = overlay;
        this.pageCount = Pages.pageCount(overlay.sizeBytes());
        this.dirtySets = new DirtySets(pageCount);
    }

    /**
     * Makes a disk that reads as its base, then as zeros.
     *
     * @param folder a folder that exists; gets {@code overlay.raw}, {@code overlay.map}, {@code overlay.lock}
     * @param sizeBytes a positive multiple of 4096; not below the base's size
     * @throws VolumeRefused the folder holds a disk already, or the base is larger
     */
    public static DiskVolume create(Path folder, long sizeBytes, BaseImage base) throws IOException {
        return new DiskVolume(Overlay.create(folder, sizeBytes, base, BootId.current(), JournalRewrite.standard()));
    }

    /**
     * Opens a disk as it was: after a crash of hostd with all that was acknowledged, after a loss of power with all
     * that was flushed.
     *
     * @throws VolumeRefused it has another size, was made over another base, is damaged, or is open elsewhere
     */
    public static DiskVolume open(Path folder, long sizeBytes, BaseImage base) throws IOException {
        return open(folder, sizeBytes, base, BootId.current(), JournalRewrite.standard());
    }

    static DiskVolume open(Path folder, long sizeBytes, BaseImage base, BootId boot, JournalRewrite rewrite)
            throws IOException {
        return new DiskVolume(Overlay.open(folder, sizeBytes, base, boot, rewrite));
    }

    @Override
    public VolumeKind kind() {
        return VolumeKind.DISK;
    }

    @Override
    public long pageCount() {
        return pageCount;
    }

    /** Its size in bytes. */
    public long sizeBytes() {
        return overlay.sizeBytes();
    }

    @Override
    public DirtySets dirtySets() {
        return dirtySets;
    }

    /** Nothing to do: each write marks. */
    @Override
    public void scan() {}

    @Override
    public PageSet content() {
        PageSet pages = new PageSet(pageCount);
        for (long block = overlay.map().next(0);
                block >= 0;
                block = overlay.map().next(block + 1)) {
            long first = block * PAGES_PER_BLOCK;
            pages.add(first, Math.min(PAGES_PER_BLOCK, pageCount - first));
        }
        return pages;
    }

    /** Copies bytes as they are now. */
    public void read(long offset, MemorySegment into) throws IOException {
        long stamp = enter(offset, into.byteSize());
        try {
            overlay.read(offset, into);
        } finally {
            life.unlockRead(stamp);
        }
    }

    /**
     * Copies bytes if they are in memory, and never waits for the medium.
     *
     * @return false when they are not; {@code into} may hold a part then
     */
    public boolean readNow(long offset, MemorySegment into) throws IOException {
        long stamp = enter(offset, into.byteSize());
        try {
            return overlay.readNow(offset, into);
        } finally {
            life.unlockRead(stamp);
        }
    }

    /** Asks the medium for bytes that will be read soon, and does not wait for them. */
    public void willNeed(long offset, long lengthBytes) throws IOException {
        long stamp = enter(offset, lengthBytes);
        try {
            overlay.willNeed(offset, lengthBytes);
        } finally {
            life.unlockRead(stamp);
        }
    }

    /**
     * Writes bytes; they survive a crash of hostd when the call returns.
     *
     * @throws DiskFull the host's disk is full; part of the range may hold the new bytes
     */
    public void write(long offset, MemorySegment from) throws IOException {
        long stamp = enter(offset, from.byteSize());
        try {
            overlay.write(offset, from);
        } finally {
            landed(offset, from.byteSize());
            life.unlockRead(stamp);
        }
    }

    /**
     * Makes a range zero.
     *
     * @param keepSpace whether the range keeps its space on the host's disk, so that a later write can't find it full
     * @throws DiskFull the host's disk is full; part of the range may be zero
     */
    public void zero(long offset, long lengthBytes, boolean keepSpace) throws IOException {
        long stamp = enter(offset, lengthBytes);
        try {
            overlay.zero(offset, lengthBytes, keepSpace);
        } finally {
            landed(offset, lengthBytes);
            life.unlockRead(stamp);
        }
    }

    /**
     * What a range is made of, from its start on.
     *
     * @param extentsMax the answer's length at most; it may end before the range does
     */
    public List<Extent> allocation(long offset, long lengthBytes, int extentsMax) throws IOException {
        long stamp = enter(offset, lengthBytes);
        try {
            return overlay.allocation(offset, lengthBytes, extentsMax);
        } finally {
            life.unlockRead(stamp);
        }
    }

    @Override
    public void read(long firstPage, int count, MemorySegment into) throws IOException {
        long bytes = (long) count * PAGE_BYTES;
        if (into.isNative()) {
            read(firstPage * PAGE_BYTES, into.asSlice(0, bytes));
            return;
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment copy = arena.allocate(bytes, 8);
            read(firstPage * PAGE_BYTES, copy);
            MemorySegment.copy(copy, 0, into, 0, bytes);
        }
    }

    @Override
    public void write(long firstPage, int count, MemorySegment from) throws IOException {
        long bytes = (long) count * PAGE_BYTES;
        if (from.isNative()) {
            write(firstPage * PAGE_BYTES, from.asSlice(0, bytes));
            return;
        }
        try (Arena arena = Arena.ofConfined()) {
            write(firstPage * PAGE_BYTES, arena.allocate(bytes, 8).copyFrom(from.asSlice(0, bytes)));
        }
    }

    @Override
    public void zero(long firstPage, int count) throws IOException {
        zero(firstPage * PAGE_BYTES, (long) count * PAGE_BYTES, false);
    }

    /**
     * Returns when every write that returned before the call is on the medium, with the map that names it.
     *
     * @throws IOException the medium refused; from then on no flush succeeds, because the kernel may have dropped what
     *     it could not write
     */
    @Override
    public void flush() throws IOException {
        long stamp = enter(0, 0);
        try {
            overlay.flush();
        } finally {
            life.unlockRead(stamp);
        }
    }

    /** Flushes and closes, once the calls under way have returned. */
    @Override
    public void close() throws IOException {
        long stamp = life.writeLock();
        try {
            if (!closed) {
                closed = true;
                overlay.close();
            }
        } finally {
            life.unlockWrite(stamp);
        }
    }

    private long enter(long offset, long lengthBytes) {
        long size = overlay.sizeBytes();
        if (offset < 0 || lengthBytes < 0 || lengthBytes > size - offset) {
            throw new IndexOutOfBoundsException(
                    "bytes " + offset + "+" + lengthBytes + " are outside a volume of " + size + " bytes");
        }
        long stamp = life.readLock();
        if (closed) {
            life.unlockRead(stamp);
            throw new IllegalStateException("the volume " + overlay.path() + " is closed");
        }
        return stamp;
    }

    private void landed(long offset, long lengthBytes) {
        if (lengthBytes > 0) {
            long first = offset / PAGE_BYTES;
            dirtySets.mark(first, (offset + lengthBytes - 1) / PAGE_BYTES - first + 1);
        }
    }
}
