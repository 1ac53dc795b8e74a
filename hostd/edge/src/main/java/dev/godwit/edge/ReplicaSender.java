package dev.godwit.edge;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps one stand-by told of every connection: everything at first and after any loss, then what changes. A stand-by that
 * is slow or away holds nothing up but its own copy. One thread of its own, from {@link #start} to {@link #close}.
 */
final class ReplicaSender implements AutoCloseable {
    /** Opens the way to list the connections; called on the sender's thread. */
    interface Listing {
        KernelFlows open() throws IOException;
    }

    private static final Logger LOG = LoggerFactory.getLogger(ReplicaSender.class);
    private static final Duration BEAT_EVERY = Duration.ofSeconds(1);
    private static final int CHANGES_AT_ONCE = 512;

    private final String edgeId;
    private final long fence;
    private final ReplicaLink.Dialer dialer;
    private final Listing listing;
    private final PendingChanges pending;
    private final Duration again;
    private final CountDownLatch stop = new CountDownLatch(1);
    private final Thread thread;
    private final AtomicLong listings = new AtomicLong();
    private volatile boolean current;
    private volatile @Nullable ReplicaLink open;

    /**
     * @param fence of the seat that the active edge holds
     * @param pending gets what the kernel tells, from before {@link #start} on
     * @param again how long to wait after a link was lost
     */
    ReplicaSender(
            String edgeId,
            long fence,
            ReplicaLink.Dialer dialer,
            Listing listing,
            PendingChanges pending,
            Duration again) {
        this.edgeId = edgeId;
        this.fence = fence;
        this.dialer = dialer;
        this.listing = listing;
        this.pending = pending;
        this.again = again;
        this.thread = Thread.ofPlatform().daemon().name("edge-replica").unstarted(this::run);
    }

    void start() {
        thread.start();
    }

    /** Whether the stand-by was told everything up to a moment ago. */
    boolean isCurrent() {
        return current && !pending.isLost();
    }

    /** How often everything was told. */
    long listings() {
        return listings.get();
    }

    PendingChanges pending() {
        return pending;
    }

    private void run() {
        String lastTrouble = "";
        try {
            do {
                try (ReplicaLink link = dialer.open()) {
                    open = link;
                    lastTrouble = "";
                    replicate(link);
                } catch (IOException e) {
                    String trouble = String.valueOf(e.getMessage());
                    if (!trouble.equals(lastTrouble) && stop.getCount() > 0) {
                        LOG.info("the stand-by has no full copy of the connections: {}; trying again", trouble);
                        lastTrouble = trouble;
                    }
                } finally {
                    open = null;
                    current = false;
                }
            } while (!stop.await(again.toMillis(), TimeUnit.MILLISECONDS));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void replicate(ReplicaLink link) throws IOException, InterruptedException {
        ReplicaMessages messages = new ReplicaMessages(link);
        messages.hello(fence, edgeId);
        while (stop.getCount() > 0) {
            tellEverything(messages);
            current = true;
            while (!pending.isLost() && stop.getCount() > 0) {
                if (!tellChanges(messages, BEAT_EVERY)) {
                    messages.beat();
                }
            }
            current = false;
        }
    }

    private void tellEverything(ReplicaMessages messages) throws IOException, InterruptedException {
        pending.beginListing();
        listings.incrementAndGet();
        messages.begin();
        int[] told = new int[1];
        try (KernelFlows flows = listing.open()) {
            flows.forEach(flow -> {
                if (!pending.changedSinceListing(flow.key())) {
                    messages.flow(flow);
                    told[0]++;
                }
                if (told[0] % CHANGES_AT_ONCE == 0 && stop.getCount() == 0) {
                    throw new IOException("this edge stands down");
                }
            });
        }
        messages.flush();
        pending.endListing();
        // What changed meanwhile is part of everything.
        while (tellChanges(messages, Duration.ZERO)) {
            told[0]++;
        }
        if (!pending.isLost()) {
            messages.end(told[0]);
        }
    }

    private boolean tellChanges(ReplicaMessages messages, Duration wait) throws IOException, InterruptedException {
        List<PendingChanges.Change> changes = pending.take(CHANGES_AT_ONCE, wait);
        for (PendingChanges.Change change : changes) {
            Flow flow = change.flow();
            if (flow == null) {
                messages.gone(change.key());
            } else {
                messages.flow(flow);
            }
        }
        messages.flush();
        return !changes.isEmpty();
    }

    /** Stops telling; returns when the thread has ended. Idempotent. */
    @Override
    public void close() {
        stop.countDown();
        ReplicaLink link = open;
        if (link != null) {
            link.close();
        }
        thread.interrupt();
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
