package dev.godwit.volume;

import java.io.IOException;
import java.nio.file.Path;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Which blocks an overlay has, kept in memory and in a journal. A block is in the map only when its record is in the
 * kernel, so a crash of hostd loses no block that a write was acknowledged for.
 *
 * <p>Thread-safe.
 */
final class BlockMap implements AutoCloseable {
    /** A journal below this is not worth rewriting: it is read in milliseconds. */
    private static final long COMPACT_BYTES_MIN = 1 << 20;
    /** Rewritten when it has grown to this many times its compact size, so that rewriting stays a small part of writing. */
    private static final int COMPACT_GROWTH = 4;

    private static final Logger log = LoggerFactory.getLogger(BlockMap.class);

    private final Path path;
    private final MapHeader header;
    private final PageSet mapped;
    private final Object journalLock = new Object();
    private MapJournal journal;
    private long compactAt;

    private BlockMap(Path path, MapHeader header, MapJournal journal, PageSet mapped) {
        this.path = path;
        this.header = header;
        this.journal = journal;
        this.mapped = mapped;
        this.compactAt = compactAt(journal);
    }

    /** A map with no block, for a new overlay. */
    static BlockMap create(Path path, long sizeBytes, String baseDigest, BootId boot, RandomGenerator random)
            throws IOException {
        MapHeader header = new MapHeader(sizeBytes, baseDigest, boot, random.nextLong());
        PageSet none = new PageSet(Math.ceilDiv(sizeBytes, Pages.BLOCK_BYTES));
        return new BlockMap(path, header, MapJournal.create(path, header, none, none), none);
    }

    /** The map as its journal says; the journal is rewritten, short and stamped with this boot. */
    static BlockMap open(Path path, long sizeBytes, String baseDigest, BootId boot, RandomGenerator random)
            throws IOException {
        MapReplay replay = MapReplay.read(path, boot);
        replay.header().mustFit(sizeBytes, baseDigest, path);
        if (replay.tailBytes() > 0) {
            log.info("cut {} bytes of a torn record from {}", replay.tailBytes(), path);
        }
        MapHeader header = new MapHeader(sizeBytes, baseDigest, boot, random.nextLong());
        MapJournal journal = MapJournal.create(path, header, replay.durable(), replay.all());
        return new BlockMap(path, header, journal, replay.all());
    }

    /** Whether the overlay has the block. */
    boolean contains(long block) {
        return mapped.contains(block);
    }

    /**
     * How many blocks from {@code first} to {@code last} (inclusive) are alike. Blocks only ever enter the map, so the
     * caller looks once at {@code first} and hands in what it saw.
     */
    long run(long first, long last, boolean present) {
        long next = first + 1;
        while (next <= last && mapped.contains(next) == present) {
            next++;
        }
        return next - first;
    }

    /** The first mapped block at or after {@code from}, or -1. */
    long next(long from) {
        return mapped.next(from);
    }

    /** Puts blocks in the map. Their data is in the overlay by now. */
    void add(long first, long count) throws IOException {
        synchronized (journalLock) {
            journal.mapped(first, count);
            mapped.add(first, count);
        }
    }

    /** Begins a flush; one at a time. Sync the data after this call, then mark. */
    Flush beginFlush() {
        synchronized (journalLock) {
            return new Flush(journal, journal.mappedEnd(), journal.end() > compactAt ? mapped.copy() : null);
        }
    }

    /**
     * What was mapped when a flush began. Its blocks' data goes to the medium first, then a mark into the journal, so
     * that after a loss of power the map names no block whose data is missing.
     */
    final class Flush {
        private final MapJournal current;
        private final long upTo;
        private final @Nullable PageSet durable;

        private Flush(MapJournal current, long upTo, @Nullable PageSet durable) {
            this.current = current;
            this.upTo = upTo;
            this.durable = durable;
        }

        /** The data is on the medium: says so in the journal. False when the journal says so already. */
        boolean mark() throws IOException {
            synchronized (journalLock) {
                boolean needed = current.isUncovered(upTo);
                current.covered(upTo);
                return needed;
            }
        }

        /** Brings the mark to the medium. */
        void sync() throws IOException {
            current.fdatasync();
        }

        /** Rewrites a journal that has grown long. A journal that can't be rewritten goes on growing. */
        void compact() {
            if (durable == null) {
                return;
            }
            synchronized (journalLock) {
                try {
                    MapJournal fresh = MapJournal.create(path, header, durable, mapped);
                    journal.close();
                    journal = fresh;
                    compactAt = compactAt(fresh);
                } catch (IOException failed) {
                    compactAt = journal.end() * 2;
                    log.warn("the map {} stays {} bytes long: it can't be rewritten", path, journal.end(), failed);
                }
            }
        }
    }

    private static long compactAt(MapJournal journal) {
        return Math.max(COMPACT_BYTES_MIN, COMPACT_GROWTH * journal.end());
    }

    @Override
    public void close() {
        journal.close();
    }
}
