package dev.godwit.fleet.etcd;

import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/** Ids whose values changed and were not read yet: filled by etcd's thread, which must not wait, taken by the watch's. */
final class ChangedIds {
    /** One list of everything costs less than so many reads; so no more than these are ever kept. */
    static final int IDS_MOST = 256;

    /**
     * What to look at.
     *
     * @param listAll everything, instead of the ids named
     * @param gap the watch ended and has to be begun again
     */
    record Batch(Set<String> ids, boolean listAll, boolean gap, boolean closed) {}

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition filled = lock.newCondition();
    private Set<String> ids = new LinkedHashSet<>();
    private boolean tooMany;
    private boolean gap;
    private boolean closed;

    void add(String id) {
        change(() -> {
            if (ids.size() < IDS_MOST) {
                ids.add(id);
            } else {
                tooMany = true;
            }
        });
    }

    /** Events may be missing from here on. */
    void gap() {
        change(() -> gap = true);
    }

    void close() {
        change(() -> closed = true);
    }

    /** Waits for a change, and at most so long; then everything is to be listed. */
    Batch take(Duration atMost) throws InterruptedException {
        lock.lockInterruptibly();
        try {
            long left = atMost.toNanos();
            while (ids.isEmpty() && !gap && !closed && left > 0) {
                left = filled.awaitNanos(left);
            }
            Batch batch = new Batch(ids, ids.isEmpty() || tooMany || gap, gap, closed);
            ids = new LinkedHashSet<>();
            tooMany = false;
            gap = false;
            return batch;
        } finally {
            lock.unlock();
        }
    }

    private void change(Runnable change) {
        lock.lock();
        try {
            change.run();
            filled.signalAll();
        } finally {
            lock.unlock();
        }
    }
}
