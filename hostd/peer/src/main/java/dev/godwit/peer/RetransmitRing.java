package dev.godwit.peer;

import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * The frames that were sent and are not acknowledged, in one fixed piece of memory: sending again needs no copy, and the
 * window is the memory. Frames are contiguous and freed in order. Not thread-safe.
 */
final class RetransmitRing implements AutoCloseable {
    /** Frames held at once; small frames hit this bound before they fill the window. */
    static final int FRAMES_MAX = 8192;

    private final Arena arena = Arena.ofShared();
    private final ByteBuffer memory;
    private final int capacity;
    private final long[] starts = new long[FRAMES_MAX];
    private final int[] lengths = new int[FRAMES_MAX];
    private final byte[] kinds = new byte[FRAMES_MAX];
    private long head;
    private long last;
    private long released;

    RetransmitRing(int capacity) {
        this.capacity = capacity;
        this.memory = arena.allocate(capacity, 8).asByteBuffer();
    }

    /** Sequence of the newest frame, 0 before the first. */
    long last() {
        return last;
    }

    /** Sequence up to which frames are freed. */
    long released() {
        return released;
    }

    /** Room for a frame of up to {@code bytes}, or null until older ones are released. */
    @Nullable
    ByteBuffer tryReserve(int bytes) {
        if (last - released == FRAMES_MAX) {
            return null;
        }
        long start = startOf(bytes);
        long tail = released == last ? start : starts[slot(released + 1)];
        return start + bytes - tail > capacity ? null : memory.slice((int) (start % capacity), bytes);
    }

    /** The reserved room is a frame now. {@code reserved} as given to {@link #tryReserve}. */
    long commit(int reserved, int bytes, ByteKind kind) {
        long start = startOf(reserved);
        last++;
        starts[slot(last)] = start;
        lengths[slot(last)] = bytes;
        kinds[slot(last)] = (byte) kind.code();
        head = start + bytes;
        return last;
    }

    ByteBuffer frame(long sequence) {
        return memory.slice((int) (starts[slot(sequence)] % capacity), lengths[slot(sequence)]);
    }

    ByteKind kind(long sequence) {
        return ByteKind.of(kinds[slot(sequence)]);
    }

    /** Frees all frames up to {@code sequence}; returns whether that changed anything. */
    boolean release(long sequence) {
        if (sequence > last) {
            throw new IllegalArgumentException(
                    "the peer acknowledged frame " + sequence + ", but only " + last + " were sent");
        }
        boolean progress = sequence > released;
        released = Math.max(released, sequence);
        return progress;
    }

    private long startOf(int bytes) {
        long offset = head % capacity;
        return offset + bytes > capacity ? head - offset + capacity : head;
    }

    private static int slot(long sequence) {
        return (int) (sequence & (FRAMES_MAX - 1));
    }

    @Override
    public void close() {
        arena.close();
    }
}
