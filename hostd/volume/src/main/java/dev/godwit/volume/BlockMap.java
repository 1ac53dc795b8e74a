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
    private static final Logger log = LoggerFactory.getLogger(BlockMap.class);

    private final Path path;
    private final MapHeader header;
    private final PageSet mapped;
    private final JournalRewrite rewrite;
    private final Object journalLock = new Object();
    private MapJournal journal;
    private long compactAt;

    private BlockMap(Path path, MapHeader header, MapJournal journal, PageSet mapped, JournalRewrite rewrite) {
        this.path = path;
        this.header = header;
        this.journal = journal;
        this.mapped = mapped;
        this.rewrite = rewrite;
        this.compactAt = rewrite.above(journal.end());
    }

    /** A map with no block, for a new overlay. */
    static BlockMap create(
            Path path, long sizeBytes, String baseDigest, BootId boot, RandomGenerator random, JournalRewrite rewrite)
            throws IOException {
        MapHeader header = new MapHeader(sizeBytes, baseDigest, boot, random.nextLong());
        PageSet none = new PageSet(Math.ceilDiv(sizeBytes, Pages.BLOCK_BYTES));
        return new BlockMap(path, header, written(path, header, none, none, rewrite), none, rewrite);
    }

    /** The map as its journal says; the journal is rewritten, short and stamped with this boot. */
    static BlockMap open(
            Path path, long sizeBytes, String baseDigest, BootId boot, RandomGenerator random, JournalRewrite rewrite)
            throws IOException {
        MapReplay replay = MapReplay.read(path, boot);
        replay.header().mustFit(sizeBytes, baseDigest, path);
        if (replay.tailBytes() > 0) {
            log.info("cut {} bytes of a torn record from {}", replay.tailBytes(), path);
        }
        MapHeader header = new MapHeader(sizeBytes, baseDigest, boot, random.nextLong());
        MapJournal journal = written(path, header, replay.durable(), replay.all(), rewrite);
        return new BlockMap(path, header, journal, replay.all(), rewrite);
    }

    /** A fresh journal under the map's name, both on the medium; whatever fails, nothing was promised on it. */
    private static MapJournal written(Path path, MapHeader header, PageSet durable, PageSet all, JournalRewrite rewrite)
            throws IOException {
        try (MapFolder folder = rewrite.folder().open(folderOf(path))) {
            MapJournal journal = MapJournal.beside(path, header, durable, all);
            try {
                MapJournal.rename(path);
                folder.sync();
                return journal;
            } catch (IOException | RuntimeException failed) {
                journal.close();
                throw failed;
            }
        }
    }

    private static Path folderOf(Path path) throws IOException {
        Path folder = path.toAbsolutePath().getParent();
        if (folder == null) {
            throw new IOException("the map " + path + " lies in no folder");
        }
        return folder;
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

        /**
         * Rewrites a journal that has grown long. A journal that can't be written anew goes on growing; one that was
         * renamed is the map from then on, whatever else fails.
         *
         * @throws IOException the new name may not be on the medium: no later flush would be worth anything, because a
         *     loss of power could bring the old journal back
         */
        void compact() throws IOException {
            if (durable == null) {
                return;
            }
            synchronized (journalLock) {
                MapFolder folder;
                try {
                    folder = rewrite.folder().open(folderOf(path));
                } catch (IOException failed) {
                    staysLong(failed);
                    return;
                }
                MapJournal old = journal;
                try (folder) {
                    if (renamed(durable)) {
                        folder.sync();
                    }
                } finally {
                    if (journal != old) {
                        old.close();
                    }
                }
            }
        }

        /** Whether the journal is another one now. */
        private boolean renamed(PageSet covered) {
            MapJournal fresh = null;
            try {
                fresh = MapJournal.beside(path, header, covered, mapped);
                MapJournal.rename(path);
            } catch (IOException failed) {
                if (fresh != null) {
                    fresh.close();
                }
                staysLong(failed);
                return false;
            }
            journal = fresh;
            compactAt = rewrite.above(fresh.end());
            return true;
        }
    }

    private void staysLong(IOException failed) {
        compactAt = journal.end() * 2;
        log.warn("the map {} stays {} bytes long: it can't be rewritten", path, journal.end(), failed);
    }

    @Override
    public void close() {
        journal.close();
    }
}
