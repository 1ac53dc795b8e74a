package dev.godwit.volume;

import static dev.godwit.volume.Pages.BLOCK_BYTES;

import dev.godwit.linux.Errno;
import dev.godwit.linux.LinuxException;
import dev.godwit.linux.SparseFile;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * The layers of a disk: a base, and over it a sparse file of the disk's size with the map of the blocks it has.
 *
 * <p>Rule: a block that is not in the map is a hole in the file, or it is listed as soiled (a write to it failed
 * half-way). So the first write to a block over a zero base needs no copy of the rest.
 *
 * <p>Thread-safe but for {@link #close}.
 */
final class Overlay {
    private static final MemorySegment ZEROS = Arena.global().allocate(BLOCK_BYTES, Pages.PAGE_BYTES);

    private final SparseFile file;
    private final LayerFile layer;
    private final VolumeLock lock;
    private final BaseImage base;
    private final BlockMap map;
    private final long sizeBytes;
    private final PageSet soiled;
    private final StripeLocks stripes = new StripeLocks();
    private final AtomicLong writes = new AtomicLong();
    private final Object flushing = new Object();
    private long flushedWrites;
    private @Nullable IOException flushFailure;

    private Overlay(LayerFile layer, VolumeLock lock, BaseImage base, BlockMap map, long sizeBytes) {
        this.file = layer.file();
        this.layer = layer;
        this.lock = lock;
        this.base = base;
        this.map = map;
        this.sizeBytes = sizeBytes;
        this.soiled = new PageSet(Math.ceilDiv(sizeBytes, BLOCK_BYTES));
    }

    static Overlay create(Path folder, long sizeBytes, BaseImage base, BootId boot, JournalRewrite rewrite)
            throws IOException {
        Pages.pageCount(sizeBytes);
        if (base.sizeBytes() > sizeBytes) {
            throw new VolumeRefused(
                    folder,
                    "a disk of " + sizeBytes + " bytes is smaller than its base of " + base.sizeBytes()
                            + " bytes; ask for a larger disk");
        }
        VolumeLock lock = VolumeLock.take(folder);
        try {
            if (Files.exists(mapIn(folder))) {
                throw new VolumeRefused(folder, "the folder holds a disk already; open it, or choose another folder");
            }
            // A data file without a map is what a crash in the middle of this method leaves: nothing was promised.
            Files.deleteIfExists(fileIn(folder));
            SparseFile file = SparseFile.create(fileIn(folder), sizeBytes);
            return opened(
                    file,
                    lock,
                    base,
                    sizeBytes,
                    () -> BlockMap.create(
                            mapIn(folder), sizeBytes, base.digest(), boot, new SplittableRandom(), rewrite));
        } catch (IOException | RuntimeException failed) {
            lock.close();
            throw failed;
        }
    }

    static Overlay open(Path folder, long sizeBytes, BaseImage base, BootId boot, JournalRewrite rewrite)
            throws IOException {
        VolumeLock lock = VolumeLock.take(folder);
        try {
            if (!Files.exists(mapIn(folder))) {
                throw new VolumeRefused(folder, "there is no disk in this folder: overlay.map is missing");
            }
            SparseFile file = SparseFile.open(fileIn(folder));
            Overlay overlay = opened(
                    file,
                    lock,
                    base,
                    sizeBytes,
                    () -> BlockMap.open(
                            mapIn(folder), sizeBytes, base.digest(), boot, new SplittableRandom(), rewrite));
            try {
                overlay.checkLength();
                overlay.punchWhatTheMapDoesNotName();
                return overlay;
            } catch (IOException | RuntimeException failed) {
                overlay.map.close();
                file.close();
                throw failed;
            }
        } catch (IOException | RuntimeException failed) {
            lock.close();
            throw failed;
        }
    }

    private interface MapSource {
        BlockMap map() throws IOException;
    }

    private static Overlay opened(SparseFile file, VolumeLock lock, BaseImage base, long sizeBytes, MapSource source)
            throws IOException {
        try {
            return new Overlay(LayerFile.of(file), lock, base, source.map(), sizeBytes);
        } catch (IOException | RuntimeException failed) {
            file.close();
            throw failed;
        }
    }

    private static Path fileIn(Path folder) {
        return folder.resolve("overlay.raw");
    }

    private static Path mapIn(Path folder) {
        return folder.resolve("overlay.map");
    }

    long sizeBytes() {
        return sizeBytes;
    }

    Path path() {
        return file.path();
    }

    BlockMap map() {
        return map;
    }

    void read(long offset, MemorySegment into) throws IOException {
        long end = offset + into.byteSize();
        for (long at = offset; at < end; ) {
            boolean present = map.contains(at / BLOCK_BYTES);
            long next = runEnd(at, end, present);
            MemorySegment part = into.asSlice(at - offset, next - at);
            if (present) {
                file.read(at, part);
            } else {
                base.read(at, part);
            }
            at = next;
        }
    }

    boolean readNow(long offset, MemorySegment into) throws IOException {
        long end = offset + into.byteSize();
        for (long at = offset; at < end; ) {
            boolean present = map.contains(at / BLOCK_BYTES);
            long next = runEnd(at, end, present);
            MemorySegment part = into.asSlice(at - offset, next - at);
            if (!(present ? layer.readNow(at, part) : base.readNow(at, part))) {
                return false;
            }
            at = next;
        }
        return true;
    }

    void willNeed(long offset, long lengthBytes) throws IOException {
        long end = offset + lengthBytes;
        for (long at = offset; at < end; ) {
            boolean present = map.contains(at / BLOCK_BYTES);
            long next = runEnd(at, end, present);
            if (present) {
                layer.willNeed(at, next - at);
            } else {
                base.willNeed(at, next - at);
            }
            at = next;
        }
    }

    void write(long offset, MemorySegment from) throws IOException {
        try {
            writeRuns(offset, from);
        } catch (LinuxException failed) {
            throw explained(failed, from.byteSize());
        } finally {
            writes.incrementAndGet();
        }
    }

    void zero(long offset, long lengthBytes, boolean keepSpace) throws IOException {
        long end = offset + lengthBytes;
        long wholeFrom = Math.ceilDiv(offset, BLOCK_BYTES) * (long) BLOCK_BYTES;
        long wholeTo = end == sizeBytes ? end : end / BLOCK_BYTES * BLOCK_BYTES;
        try {
            zeroParts(offset, Math.min(end, wholeFrom), keepSpace);
            if (wholeFrom < wholeTo) {
                zeroBlocks(wholeFrom, wholeTo, keepSpace);
            }
            zeroParts(Math.max(wholeFrom, wholeTo), end, keepSpace);
        } catch (LinuxException failed) {
            throw explained(failed, lengthBytes);
        } finally {
            writes.incrementAndGet();
        }
    }

    List<Extent> allocation(long offset, long lengthBytes, int extentsMax) throws IOException {
        List<Extent> extents = new ArrayList<>();
        long end = offset + lengthBytes;
        for (long at = offset; at < end; ) {
            Extent next = extentAt(at, end);
            Extent last = extents.isEmpty() ? null : extents.getLast();
            if (last != null && last.zero() == next.zero()) {
                extents.set(
                        extents.size() - 1,
                        new Extent(last.offset(), last.lengthBytes() + next.lengthBytes(), last.zero()));
            } else if (extents.size() == extentsMax) {
                return extents;
            } else {
                extents.add(next);
            }
            at = next.end();
        }
        return extents;
    }

    /** Returns when every write that has returned is on the medium: first the data, then the map that names it. */
    void flush() throws IOException {
        synchronized (flushing) {
            if (flushFailure != null) {
                throw new IOException(
                        "flush " + path() + ": an earlier flush failed, so what it should have kept may be lost;"
                                + " restore the volume from another host or recovery point",
                        flushFailure);
            }
            long landed = writes.get();
            if (landed == flushedWrites) {
                return;
            }
            BlockMap.Flush round = map.beginFlush();
            sync(file::fdatasync);
            try {
                if (round.mark()) {
                    sync(round::sync);
                }
            } catch (LinuxException failed) {
                throw explained(failed, MapJournal.RECORD_BYTES);
            }
            sync(round::compact);
            flushedWrites = landed;
        }
    }

    void close() throws IOException {
        try {
            flush();
        } finally {
            map.close();
            file.close();
            lock.close();
        }
    }

    private interface Sync {
        void run() throws IOException;
    }

    /** After a failed fdatasync the kernel may have dropped the pages, and the next one would say all is well. */
    private void sync(Sync sync) throws IOException {
        try {
            sync.run();
        } catch (IOException failed) {
            flushFailure = failed;
            throw failed;
        }
    }

    private void writeRuns(long offset, MemorySegment from) throws IOException {
        long end = offset + from.byteSize();
        for (long at = offset; at < end; ) {
            boolean present = map.contains(at / BLOCK_BYTES);
            long next = runEnd(at, end, present);
            MemorySegment part = from.asSlice(at - offset, next - at);
            if (present) {
                file.write(at, part);
            } else {
                firstWrite(at, part);
            }
            at = next;
        }
    }

    /** Writes to blocks of which some may not be in the map yet: their data first, then their record. */
    private void firstWrite(long offset, MemorySegment from) throws IOException {
        long end = offset + from.byteSize();
        long locked = lockBlocks(offset, end);
        try {
            for (long at = offset; at < end; ) {
                boolean present = map.contains(at / BLOCK_BYTES);
                long next = runEnd(at, end, present);
                MemorySegment part = from.asSlice(at - offset, next - at);
                if (present) {
                    file.write(at, part);
                } else {
                    bringIn(at, next, part);
                }
                at = next;
            }
        } finally {
            stripes.unlock(locked);
        }
    }

    private void bringIn(long at, long next, MemorySegment part) throws IOException {
        long first = at / BLOCK_BYTES;
        long count = (next - 1) / BLOCK_BYTES - first + 1;
        boolean done = false;
        try {
            long blockStart = first * BLOCK_BYTES;
            long blockEnd = Math.min(sizeBytes, (first + count) * BLOCK_BYTES);
            if (at > blockStart && !readsZeroWhenAbsent(first)) {
                base.copyTo(file, blockStart, at - blockStart);
            }
            if (next < blockEnd && !readsZeroWhenAbsent(first + count - 1)) {
                base.copyTo(file, next, blockEnd - next);
            }
            file.write(at, part);
            map.add(first, count);
            done = true;
        } finally {
            if (done) {
                soiled.remove(first, count);
            } else {
                soiled.add(first, count);
            }
        }
    }

    /** Whether an absent block is zero in the base, and a hole in the file. */
    private boolean readsZeroWhenAbsent(long block) {
        return base.isZero(block) && !soiled.contains(block);
    }

    /** Zeroes parts of blocks by writing. */
    private void zeroParts(long from, long to, boolean keepSpace) throws IOException {
        for (long at = from; at < to; ) {
            long block = at / BLOCK_BYTES;
            long next = Math.min(to, (block + 1) * BLOCK_BYTES);
            if (keepSpace || map.contains(block) || !readsZeroWhenAbsent(block)) {
                writeRuns(at, ZEROS.asSlice(0, next - at));
            }
            at = next;
        }
    }

    /** Zeroes whole blocks: they become mapped holes, but for those that read as zeros anyway. */
    private void zeroBlocks(long from, long to, boolean keepSpace) throws IOException {
        long first = from / BLOCK_BYTES;
        long last = (to - 1) / BLOCK_BYTES;
        long locked = lockBlocks(from, to);
        try {
            if (keepSpace) {
                file.zeroRange(from, to - from);
            } else {
                file.punchHole(from, to - from);
            }
            soiled.remove(first, last - first + 1);
            for (long block = first; block <= last; ) {
                long next = block;
                while (next <= last && !map.contains(next) && (keepSpace || !base.isZero(next))) {
                    next++;
                }
                if (next > block) {
                    map.add(block, next - block);
                }
                block = Math.max(next, block + 1);
            }
        } finally {
            stripes.unlock(locked);
        }
    }

    private Extent extentAt(long at, long end) throws IOException {
        long block = at / BLOCK_BYTES;
        boolean present = map.contains(block);
        long next = runEnd(at, end, present);
        if (!present) {
            boolean zero = base.isZero(block);
            long stop = block + 1;
            while (stop * BLOCK_BYTES < next && base.isZero(stop) == zero) {
                stop++;
            }
            return new Extent(at, Math.min(next, stop * BLOCK_BYTES) - at, zero);
        }
        long data = file.nextData(at);
        if (data < 0 || data > at) {
            return new Extent(at, (data < 0 ? next : Math.min(next, data)) - at, true);
        }
        long hole = file.nextHole(at);
        return new Extent(at, (hole <= at ? next : Math.min(next, hole)) - at, false);
    }

    /** Where the blocks from {@code at} on stop being all in, or all not in the map; at most {@code end}. */
    private long runEnd(long at, long end, boolean present) {
        long first = at / BLOCK_BYTES;
        long blocks = map.run(first, (end - 1) / BLOCK_BYTES, present);
        return Math.min(end, (first + blocks) * BLOCK_BYTES);
    }

    private long lockBlocks(long from, long to) {
        long first = from / BLOCK_BYTES;
        return stripes.lock(first, (to - 1) / BLOCK_BYTES - first + 1);
    }

    private void checkLength() throws IOException {
        if (file.sizeBytes() != sizeBytes) {
            throw new VolumeRefused(
                    path(),
                    "the file is " + file.sizeBytes() + " bytes long, its map is for " + sizeBytes
                            + "; restore the volume from another host or recovery point");
        }
    }

    /** Gives back what writes that were never acknowledged left in the file. */
    private void punchWhatTheMapDoesNotName() throws IOException {
        for (long at = file.nextData(0); at >= 0; ) {
            boolean present = map.contains(at / BLOCK_BYTES);
            long next = runEnd(at, sizeBytes, present);
            if (!present) {
                file.punchHole(at, next - at);
            }
            at = file.nextData(next);
        }
    }

    private IOException explained(LinuxException failed, long neededBytes) throws IOException {
        if (failed.errno() != Errno.ENOSPC && failed.errno() != Errno.EDQUOT) {
            return failed;
        }
        long free = Files.getFileStore(path()).getUsableSpace();
        return new DiskFull(path(), neededBytes, free, failed);
    }
}
