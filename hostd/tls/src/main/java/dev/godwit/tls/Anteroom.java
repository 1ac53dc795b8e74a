package dev.godwit.tls;

import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Where connections wait that have not said yet who they are. A new one always comes in: when its source has its share, the
 * source's oldest goes, and when the room is full the oldest of the source with the most goes. So a crowd of strangers
 * displaces strangers, mostly its own, and an honest client, who is through in milliseconds, is hardly ever the oldest.
 * Thread-safe.
 */
public final class Anteroom {
    private final int placesMax;
    private final int perSourceMax;
    private final Duration stay;
    private final LongSupplier nanos;
    private final Map<InetAddress, Set<Visit>> bySource = new HashMap<>();
    private final Deque<Visit> byAge = new ArrayDeque<>();
    private final AtomicLong displaced = new AtomicLong();
    private final AtomicLong late = new AtomicLong();

    /**
     * An empty room.
     *
     * @param placesMax strangers at once; bounds descriptors and memory
     * @param perSourceMax of one address
     * @param stay how long one may take to say who it is
     */
    public Anteroom(int placesMax, int perSourceMax, Duration stay) {
        this(placesMax, perSourceMax, stay, System::nanoTime);
    }

    Anteroom(int placesMax, int perSourceMax, Duration stay, LongSupplier nanos) {
        if (perSourceMax < 1 || placesMax < perSourceMax) {
            throw new IllegalArgumentException(
                    "places " + placesMax + ", per source " + perSourceMax + ": not 1 <= per source <= places");
        }
        this.placesMax = placesMax;
        this.perSourceMax = perSourceMax;
        this.stay = stay;
        this.nanos = nanos;
    }

    /** One connection in the room. */
    public final class Visit {
        private final InetAddress source;
        private final Runnable close;
        private final long sinceNanos;
        private boolean here = true;

        private Visit(InetAddress source, Runnable close, long sinceNanos) {
            this.source = source;
            this.close = close;
            this.sinceNanos = sinceNanos;
        }

        /**
         * It has said who it is, or has ended.
         *
         * @return false when it had to go before, and is closed
         */
        public boolean leave() {
            synchronized (Anteroom.this) {
                boolean was = here;
                remove(this);
                return was;
            }
        }
    }

    /**
     * Lets a connection in; others may be closed for it.
     *
     * @param close closes the connection; called at most once, by any thread, and must not block
     */
    public Visit enter(InetAddress source, Runnable close) {
        Visit visit = new Visit(source, close, nanos.getAsLong());
        Visit out;
        synchronized (this) {
            out = displaced(source);
            bySource.computeIfAbsent(source, any -> new LinkedHashSet<>()).add(visit);
            byAge.addLast(visit);
        }
        if (out != null) {
            displaced.incrementAndGet();
            out.close.run();
        }
        return visit;
    }

    private @Nullable Visit displaced(InetAddress source) {
        Set<Visit> same = bySource.getOrDefault(source, Set.of());
        Set<Visit> from = same;
        if (same.size() < perSourceMax) {
            if (byAge.size() < placesMax) {
                return null;
            }
            for (Set<Visit> others : bySource.values()) {
                from = others.size() > from.size() ? others : from;
            }
        }
        Visit oldest = from.iterator().next();
        remove(oldest);
        return oldest;
    }

    private void remove(Visit visit) {
        if (!visit.here) {
            return;
        }
        visit.here = false;
        byAge.remove(visit);
        Set<Visit> same = bySource.get(visit.source);
        if (same != null) {
            same.remove(visit);
            if (same.isEmpty()) {
                bySource.remove(visit.source);
            }
        }
    }

    /** Closes those that have stayed too long; to be called a few times a stay. */
    public void sweep() {
        long now = nanos.getAsLong();
        Deque<Visit> out = new ArrayDeque<>();
        synchronized (this) {
            Iterator<Visit> oldestFirst = byAge.iterator();
            while (oldestFirst.hasNext()) {
                Visit visit = oldestFirst.next();
                if (now - visit.sinceNanos < stay.toNanos()) {
                    break;
                }
                out.add(visit);
            }
            out.forEach(this::remove);
        }
        out.forEach(visit -> {
            late.incrementAndGet();
            visit.close.run();
        });
    }

    /** Strangers in the room now. */
    public synchronized int count() {
        return byAge.size();
    }

    /** Strangers closed so far because others came. */
    public long displaced() {
        return displaced.get();
    }

    /** Strangers closed so far because they took too long. */
    public long late() {
        return late.get();
    }
}
