package dev.godwit.nbd;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/**
 * Memory for the requests of one connection that are with the pool, and their bound: whoever asks waits until enough of
 * them are done. Memory is kept for the next request up to a limit.
 *
 * <p>Thread-safe.
 */
final class RequestMemory implements AutoCloseable {
    /** In front of the data, room for the header of a reply, so that both leave in one call. */
    static final int HEADROOM_BYTES = 64;
    /** Two of the largest requests, or 1,024 small ones: more would only wait for the medium. */
    private static final int UNITS = 1024;

    private static final int UNIT_BYTES = 64 << 10;
    /** Kept for the next requests: 16 of 1 MiB keep a queue of 16 going without allocation. */
    private static final long KEPT_BYTES_MAX = 16L << 20;

    private static final int SMALLEST_SHIFT = 13;
    private static final int LARGEST_SHIFT = 25;

    private final Semaphore units = new Semaphore(UNITS);
    private final ArrayDeque<Lease>[] kept = queues();
    private long keptBytes;

    /** Memory of one request. */
    record Lease(Arena arena, MemorySegment memory, int shift) {
        /** The data part. */
        MemorySegment data(int bytes) {
            return memory.asSlice(HEADROOM_BYTES, bytes);
        }

        int units() {
            return Math.max(1, (1 << shift) / UNIT_BYTES);
        }
    }

    @SuppressWarnings({"unchecked", "rawtypes"})
    private static ArrayDeque<Lease>[] queues() {
        ArrayDeque<Lease>[] queues = new ArrayDeque[LARGEST_SHIFT + 1];
        for (int i = SMALLEST_SHIFT; i <= LARGEST_SHIFT; i++) {
            queues[i] = new ArrayDeque<>();
        }
        return queues;
    }

    /** Memory for {@code bytes} of data, at most 32 MiB; waits while too much is in use. */
    @SuppressWarnings("MustBeClosedChecker") // the lease owns the arena
    Lease take(int bytes) {
        int shift = Math.max(SMALLEST_SHIFT, Integer.SIZE - Integer.numberOfLeadingZeros(Math.max(bytes, 1) - 1));
        int wanted = Math.max(1, (1 << shift) / UNIT_BYTES);
        units.acquireUninterruptibly(wanted);
        synchronized (this) {
            Lease lease = kept[shift].poll();
            if (lease != null) {
                keptBytes -= 1L << shift;
                return lease;
            }
        }
        Arena arena = Arena.ofShared();
        try {
            return new Lease(arena, arena.allocate((1L << shift) + HEADROOM_BYTES, 4096), shift);
        } catch (OutOfMemoryError full) {
            arena.close();
            units.release(wanted);
            throw full;
        }
    }

    void giveBack(Lease lease) {
        boolean keep;
        synchronized (this) {
            keep = keptBytes + (1L << lease.shift()) <= KEPT_BYTES_MAX;
            if (keep) {
                kept[lease.shift()].push(lease);
                keptBytes += 1L << lease.shift();
            }
        }
        if (!keep) {
            lease.arena().close();
        }
        units.release(lease.units());
    }

    /** Waits until every lease is back; false when the time is over. */
    boolean awaitIdle(Duration time) {
        boolean interrupted = false;
        boolean idle = false;
        try {
            idle = units.tryAcquire(UNITS, time.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException stop) {
            interrupted = true;
        }
        if (idle) {
            units.release(UNITS);
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        return idle;
    }

    /** Waits until every lease is back. */
    void awaitIdle() {
        units.acquireUninterruptibly(UNITS);
        units.release(UNITS);
    }

    /** Frees what was kept; every lease is back by now. */
    @Override
    public synchronized void close() {
        for (ArrayDeque<Lease> queue : kept) {
            while (queue != null && !queue.isEmpty()) {
                queue.pop().arena().close();
            }
        }
    }
}
