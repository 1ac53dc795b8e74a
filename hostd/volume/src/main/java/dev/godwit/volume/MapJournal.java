package dev.godwit.volume;

import dev.godwit.linux.Errno;
import dev.godwit.linux.LinuxException;
import dev.godwit.linux.SparseFile;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.zip.CRC32C;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One file of an overlay's map: a header, then records that only grow. A record in the kernel survives a crash of
 * hostd. What survives a loss of power is said by marks: a mark at the end names how much of the journal was covered by
 * a flush of the overlay's data; after another boot only the covered records count, because the blocks of the others
 * may never have reached the medium.
 *
 * <p>Not thread-safe, but for {@link #fdatasync}; {@link BlockMap} serialises the calls.
 */
final class MapJournal implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(MapJournal.class);
    static final int RECORD_BYTES = 24;
    static final int MAPPED = 1;
    static final int COVERED = 2;

    /** Space is taken in steps of this: some thousand records, and a call of the kernel for each step only. */
    private static final long RESERVE_BYTES = 64 << 10;
    /** A record and the mark that covers it. */
    private static final long LEAST_BYTES = 2 * RECORD_BYTES;

    private final SparseFile file;
    private final long salt;
    private final Arena arena = Arena.ofShared();
    private final MemorySegment memory = arena.allocate(RECORD_BYTES, 8);
    private final ByteBuffer record = memory.asByteBuffer();
    private long end;
    /** Where the last record that maps blocks ends; a mark behind it needs no mark of its own. */
    private long mappedEnd;

    private long covered;
    /** Up to where the file has space for records, whatever else the disk takes in. */
    private long reserved;

    private MapJournal(SparseFile file, long salt, long end) {
        this.file = file;
        this.salt = salt;
        this.end = end;
    }

    /**
     * Writes a fresh journal beside {@code path}, on the medium. It counts once {@link #rename} has put it in the place
     * of the old one.
     *
     * @param durable blocks whose data is on the medium
     * @param all blocks that are mapped, a superset
     */
    static MapJournal beside(Path path, MapHeader header, PageSet durable, PageSet all) throws IOException {
        Path fresh = freshNameOf(path);
        Files.deleteIfExists(fresh);
        SparseFile file = SparseFile.create(fresh, 0);
        MapJournal journal = new MapJournal(file, header.salt(), MapHeader.BYTES);
        try {
            journal.writeWhole(header, durable, all);
            journal.reserveIfThereIsRoom();
            return journal;
        } catch (IOException | RuntimeException failed) {
            journal.close();
            throw failed;
        }
    }

    /**
     * Puts what {@link #beside} wrote under the map's name; whichever of the two a crash leaves is whole. When the call
     * returns, opens and appends mean the fresh file, but a loss of power may still bring the old one back.
     */
    static void rename(Path path) throws IOException {
        Files.move(freshNameOf(path), path, StandardCopyOption.ATOMIC_MOVE);
    }

    static Path freshNameOf(Path path) {
        return path.resolveSibling(path.getFileName() + ".new");
    }

    private void writeWhole(MapHeader header, PageSet durable, PageSet all) throws IOException {
        try (Arena scratch = Arena.ofConfined()) {
            MemorySegment head = scratch.allocate(MapHeader.BYTES);
            MemorySegment.copy(MemorySegment.ofBuffer(header.encode()), 0, head, 0, MapHeader.BYTES);
            file.write(0, head);
            JournalWriter writer = new JournalWriter(file, salt, MapHeader.BYTES, scratch);
            writer.runs(durable);
            long coveredEnd = writer.end();
            writer.record(COVERED, coveredEnd, 0);
            PageSet rest = all.copy();
            for (long at = durable.next(0); at >= 0; at = durable.next(at + 1)) {
                rest.remove(at, 1);
            }
            writer.runs(rest);
            writer.finish();
            end = writer.end();
            covered = coveredEnd;
            mappedEnd = rest.isEmpty() ? coveredEnd : end;
        }
        file.fdatasync();
    }

    /** Where the next record goes, in bytes from the start of the file. */
    long end() {
        return end;
    }

    /** What a flush that begins now has to cover, in bytes from the start of the file. */
    long mappedEnd() {
        return mappedEnd;
    }

    /** Records that blocks are mapped; in the kernel when the call returns. After an error nothing was recorded. */
    void mapped(long first, long count) throws IOException {
        reserve();
        append(MAPPED, first, count);
        mappedEnd = end;
    }

    /** Records that all before {@code upTo} has its data on the medium. */
    void covered(long upTo) throws IOException {
        if (upTo > covered) {
            append(COVERED, upTo, 0);
            covered = upTo;
        }
    }

    /** Whether records before {@code upTo} wait for their mark. */
    boolean isUncovered(long upTo) {
        return upTo > covered;
    }

    void fdatasync() throws IOException {
        file.fdatasync();
    }

    /**
     * Space for a record and for the mark of the flush that covers it: on a full disk the guest's write fails, and the
     * flush with which it is paused, saved and moved away does not.
     */
    private void reserve() throws IOException {
        if (end + LEAST_BYTES <= reserved) {
            return;
        }
        try {
            reserve(RESERVE_BYTES);
        } catch (LinuxException refused) {
            switch (refused.errno()) {
                // This file system can't promise space, so a mark may find it full.
                case Errno.EOPNOTSUPP -> reserved = Long.MAX_VALUE;
                case Errno.ENOSPC, Errno.EDQUOT -> reserve(LEAST_BYTES);
                default -> throw refused;
            }
        }
    }

    /** A journal is written anew on a full disk too: a guest that waits there must be taken back. */
    private void reserveIfThereIsRoom() {
        try {
            reserve();
        } catch (IOException full) {
            log.info("the map {} has no space in reserve: {}", file.path(), full.getMessage());
        }
    }

    private void reserve(long bytes) throws IOException {
        file.allocate(end, bytes);
        reserved = end + bytes;
    }

    private void append(int kind, long first, long count) throws IOException {
        encode(record, salt, end, kind, first, count);
        file.write(end, memory);
        end += RECORD_BYTES;
    }

    static void encode(ByteBuffer into, long salt, long at, int kind, long first, long count) {
        int start = into.position();
        into.putInt(start, kind);
        into.putLong(start + 4, first);
        into.putLong(start + 12, count);
        into.putInt(start + 20, crc(salt, at, kind, first, count));
    }

    static int crc(long salt, long at, int kind, long first, long count) {
        ByteBuffer bytes = ByteBuffer.allocate(36);
        bytes.putLong(salt).putLong(at).putInt(kind).putLong(first).putLong(count);
        CRC32C crc = new CRC32C();
        crc.update(bytes.flip());
        return (int) crc.getValue();
    }

    @Override
    public void close() {
        file.close();
        arena.close();
    }
}
