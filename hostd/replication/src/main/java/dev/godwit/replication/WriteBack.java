package dev.godwit.replication;

import dev.godwit.volume.TargetVolume;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings disks that are being filled to the medium beside their filling, on a thread of its own that ends with the last
 * flush. Thread-safe.
 */
final class WriteBack implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(WriteBack.class);
    /** The medium starts to write when this much is there: seconds of a slow disk, and no flush for a few pages. */
    private static final long EVERY_BYTES = 64 << 20;

    private final List<TargetVolume> disks;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private long bytesSince;
    /** Flushes are numbered from 1: the newest that was wanted, that began, and that ended. */
    private long wanted;

    private long begun;
    private long ended;
    private boolean working;
    private boolean closed;
    private @Nullable IOException failure;

    WriteBack(List<TargetVolume> disks) {
        this.disks = disks;
    }

    /** So much more of a disk is filled. */
    void filled(long bytes) throws IOException {
        lock.lock();
        try {
            throwIfFailed();
            bytesSince += bytes;
            if (bytesSince >= EVERY_BYTES) {
                want();
            }
        } finally {
            lock.unlock();
        }
    }

    /** Wants all that was filled so far on the medium; returns at once with the number of the flush to wait for. */
    long begin() throws IOException {
        lock.lock();
        try {
            throwIfFailed();
            return want();
        } finally {
            lock.unlock();
        }
    }

    /** Waits for a flush; false when {@code patience} passed first. */
    boolean await(long flush, Duration patience) throws IOException {
        long left = patience.toNanos();
        lock.lock();
        try {
            while (ended < flush && failure == null && left > 0) {
                left = changed.awaitNanos(left);
            }
            throwIfFailed();
            return ended >= flush;
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while the disks of a replication are flushed", stopped);
        } finally {
            lock.unlock();
        }
    }

    private long want() {
        bytesSince = 0;
        // The flush under way may have begun before the newest bytes came.
        wanted = begun + 1;
        if (!working && !closed && !disks.isEmpty()) {
            Thread.ofPlatform().daemon().name("write-back").start(this::work);
            working = true;
        }
        if (disks.isEmpty()) {
            begun = wanted;
            ended = wanted;
        }
        return wanted;
    }

    private void work() {
        for (long flush = next(); flush > 0; flush = next()) {
            try {
                for (TargetVolume disk : disks) {
                    disk.flush();
                }
                over(flush, null);
            } catch (IOException | RuntimeException failed) {
                LOG.warn("a disk that is being filled can't be flushed: {}", failed.toString());
                over(flush, new IOException("a disk that is being filled can't be flushed: " + failed, failed));
            }
        }
    }

    /** The flush to make now, or 0: the thread ends. */
    private long next() {
        lock.lock();
        try {
            working = !closed && failure == null && wanted > begun;
            if (working) {
                begun = wanted;
            }
            return working ? begun : 0;
        } finally {
            lock.unlock();
        }
    }

    private void over(long flush, @Nullable IOException why) {
        lock.lock();
        try {
            if (why == null) {
                ended = flush;
            } else {
                failure = why;
            }
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Throws the failure of a flush before. */
    void requireSound() throws IOException {
        lock.lock();
        try {
            throwIfFailed();
        } finally {
            lock.unlock();
        }
    }

    private void throwIfFailed() throws IOException {
        IOException why = failure;
        if (why != null) {
            throw new IOException(String.valueOf(why.getMessage()), why);
        }
    }

    /** No flush begins any more; one under way ends by itself. */
    @Override
    public void close() {
        lock.lock();
        try {
            closed = true;
        } finally {
            lock.unlock();
        }
    }
}
