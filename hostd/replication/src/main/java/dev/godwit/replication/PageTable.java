package dev.godwit.replication;

import dev.godwit.volume.Pages;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.jspecify.annotations.Nullable;

/**
 * What a sink holds of one volume: for every page that was sent, whether it is zero or its hash. Source and sink keep one
 * each, and compare {@link #digest} at the end; it is kept up at every change, so that nothing is summed in the pause.
 *
 * <p>Memory: 16 bytes a page outside the Java heap, which a large VM's table would fill, in pieces that are made when
 * first touched. One thread at a time.
 */
final class PageTable implements AutoCloseable {
    private static final int PIECE_PAGES = 4096;
    private static final int ENTRY_BYTES = 16;
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;
    private static final long ZERO_HIGH = 0;
    private static final long ZERO_LOW = 1;

    /**
     * A sum over all (page, hash), independent of the order of changes.
     *
     * @param pages how many pages are known
     */
    record Digest(long pages, long high, long low) {}

    private final long pageCount;
    private final Arena arena = Arena.ofShared();
    private final @Nullable MemorySegment[] pieces;
    private long known;
    private long sumHigh;
    private long sumLow;

    PageTable(long pageCount) {
        this.pageCount = pageCount;
        this.pieces = new MemorySegment[Math.toIntExact((pageCount + PIECE_PAGES - 1) / PIECE_PAGES)];
    }

    /** Whether the sink was ever sent this page. */
    boolean knows(long page) {
        return !is(page, 0, 0);
    }

    boolean holdsZero(long page) {
        return is(page, ZERO_HIGH, ZERO_LOW);
    }

    boolean holds(long page, long high, long low) {
        return is(page, high, low);
    }

    void putZero(long page) {
        put(page, ZERO_HIGH, ZERO_LOW);
    }

    void put(long page, long high, long low) {
        MemorySegment piece = pieces[(int) (page / PIECE_PAGES)];
        if (piece == null) {
            piece = arena.allocate((long) PIECE_PAGES * ENTRY_BYTES, ENTRY_BYTES);
            pieces[(int) (page / PIECE_PAGES)] = piece;
        }
        long at = page % PIECE_PAGES * ENTRY_BYTES;
        long oldHigh = piece.get(LONG, at);
        long oldLow = piece.get(LONG, at + 8);
        if ((oldHigh | oldLow) == 0) {
            known++;
        } else {
            add(page, oldHigh, oldLow, -1);
        }
        piece.set(LONG, at, high);
        piece.set(LONG, at + 8, low);
        add(page, high, low, 1);
    }

    Digest digest() {
        return new Digest(known, sumHigh, sumLow);
    }

    /** Bytes that the table of a volume of this size takes when all of it was sent. */
    static long bytes(long volumeBytes) {
        return Math.ceilDiv(volumeBytes, Pages.PAGE_BYTES) * ENTRY_BYTES;
    }

    private boolean is(long page, long high, long low) {
        if (page < 0 || page >= pageCount) {
            throw new IndexOutOfBoundsException("page " + page + " is outside a volume of " + pageCount);
        }
        MemorySegment piece = pieces[(int) (page / PIECE_PAGES)];
        if (piece == null) {
            return (high | low) == 0;
        }
        long at = page % PIECE_PAGES * ENTRY_BYTES;
        return piece.get(LONG, at) == high && piece.get(LONG, at + 8) == low;
    }

    private void add(long page, long high, long low, int sign) {
        long mixed = mix(high + mix(page ^ 0x9E3779B97F4A7C15L));
        sumHigh += sign * mix(mixed ^ low);
        sumLow += sign * mix(low + mix(mixed));
    }

    /** The finaliser of MurmurHash3: every input bit changes every output bit. */
    private static long mix(long value) {
        long z = (value ^ (value >>> 33)) * 0xFF51AFD7ED558CCDL;
        z = (z ^ (z >>> 33)) * 0xC4CEB9FE1A85EC53L;
        return z ^ (z >>> 33);
    }

    /** Gives the memory back; only {@link #digest} may be asked afterwards. A second call does nothing. */
    @Override
    public void close() {
        if (arena.scope().isAlive()) {
            arena.close();
        }
    }
}
