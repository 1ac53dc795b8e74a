package dev.godwit.volume;

import java.util.concurrent.locks.ReentrantLock;

/**
 * Locks for ranges of blocks: a block belongs to one of 64 stripes, so two writers wait for each other only when their
 * blocks may be the same. Stripes are always taken in ascending order.
 */
final class StripeLocks {
    private static final int STRIPES = Long.SIZE;

    private final ReentrantLock[] stripes = new ReentrantLock[STRIPES];

    StripeLocks() {
        for (int i = 0; i < STRIPES; i++) {
            stripes[i] = new ReentrantLock();
        }
    }

    /** Takes the stripes of {@code count} blocks from {@code first} on; hand the answer to {@link #unlock}. */
    long lock(long first, long count) {
        long mask = count >= STRIPES ? -1L : Long.rotateLeft((1L << count) - 1, (int) (first & (STRIPES - 1)));
        for (long rest = mask; rest != 0; rest &= rest - 1) {
            stripes[Long.numberOfTrailingZeros(rest)].lock();
        }
        return mask;
    }

    /** Gives back what {@link #lock} took. */
    void unlock(long mask) {
        for (long rest = mask; rest != 0; rest &= rest - 1) {
            stripes[Long.numberOfTrailingZeros(rest)].unlock();
        }
    }
}
