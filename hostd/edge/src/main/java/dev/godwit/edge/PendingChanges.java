package dev.godwit.edge;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * What one stand-by has not been told yet. Several changes of one connection are one, so that a slow stand-by costs
 * bounded memory; where even that is too much, all is forgotten and the stand-by is told everything anew. The listening
 * side never waits. Thread-safe.
 */
final class PendingChanges implements FlowEvents.Listener {
    /** A connection as it is now; without {@code flow} it has ended. */
    record Change(FlowKey key, @Nullable Flow flow) {}

    private final int changesMax;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition news = lock.newCondition();
    private final Map<FlowKey, Change> changes = new LinkedHashMap<>();
    /** Changed since the listing that is under way began: the listing may hold older news of them. */
    private final Set<FlowKey> touched = new HashSet<>();

    private boolean listing;
    private boolean lost;

    PendingChanges(int changesMax) {
        this.changesMax = changesMax;
    }

    @Override
    public void seen(Flow flow) {
        lock.lock();
        try {
            FlowKey key = flow.key();
            Change before = changes.remove(key);
            Flow earlier = before == null ? null : before.flow();
            add(new Change(key, earlier == null ? flow : flow.over(earlier)));
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void gone(FlowKey key) {
        lock.lock();
        try {
            changes.remove(key);
            add(new Change(key, null));
        } finally {
            lock.unlock();
        }
    }

    private void add(Change change) {
        if (lost) {
            return;
        }
        changes.put(change.key(), change);
        if (listing) {
            touched.add(change.key());
        }
        if (changes.size() > changesMax || touched.size() > changesMax) {
            forget();
        }
        news.signal();
    }

    @Override
    public void lost() {
        lock.lock();
        try {
            forget();
            news.signal();
        } finally {
            lock.unlock();
        }
    }

    private void forget() {
        lost = true;
        changes.clear();
        touched.clear();
    }

    /** From now on changes are kept; the caller lists everything that there is. */
    void beginListing() {
        lock.lock();
        try {
            changes.clear();
            touched.clear();
            lost = false;
            listing = true;
        } finally {
            lock.unlock();
        }
    }

    /** Whether a connection changed since {@link #beginListing}: what a listing says of it may be older. */
    boolean changedSinceListing(FlowKey key) {
        lock.lock();
        try {
            return touched.contains(key);
        } finally {
            lock.unlock();
        }
    }

    void endListing() {
        lock.lock();
        try {
            listing = false;
            touched.clear();
        } finally {
            lock.unlock();
        }
    }

    /** Whether everything has to be told anew. */
    boolean isLost() {
        lock.lock();
        try {
            return lost;
        } finally {
            lock.unlock();
        }
    }

    /** How many connections' changes wait. */
    int size() {
        lock.lock();
        try {
            return changes.size();
        } finally {
            lock.unlock();
        }
    }

    /** Waits for changes, oldest first, at most {@code most}; empty after {@code timeout} or when all was lost. */
    List<Change> take(int most, Duration timeout) throws InterruptedException {
        lock.lockInterruptibly();
        try {
            long left = timeout.toNanos();
            while (changes.isEmpty() && !lost && left > 0) {
                left = news.awaitNanos(left);
            }
            List<Change> taken = new ArrayList<>(Math.min(most, changes.size()));
            Iterator<Change> oldest = changes.values().iterator();
            while (oldest.hasNext() && taken.size() < most) {
                taken.add(oldest.next());
                oldest.remove();
            }
            return taken;
        } finally {
            lock.unlock();
        }
    }
}
