package dev.godwit.edge;

import java.io.IOException;
import java.time.Duration;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.function.LongSupplier;

/** A seat in memory, by a clock of its own, which edges can be cut off from. */
final class MemorySeat implements EdgeSeat {
    private final LongSupplier nanos;
    private final Set<String> cutOff = new HashSet<>();
    private final Set<String> broken = new HashSet<>();
    private Runnable beforeTaking = () -> {};
    private String holder = "";
    private boolean left = true;
    private long fence;
    private long endsAtNanos;

    MemorySeat(LongSupplier nanos) {
        this.nanos = nanos;
    }

    synchronized void cutOff(String edgeId, boolean cut) {
        if (cut) {
            cutOff.add(edgeId);
        } else {
            cutOff.remove(edgeId);
        }
    }

    /** What the seat answers this edge is no answer that anybody thought of. */
    synchronized void breaks(String edgeId, boolean breaks) {
        if (breaks) {
            broken.add(edgeId);
        } else {
            broken.remove(edgeId);
        }
    }

    /** Happens once, while the seat is being taken. */
    synchronized void beforeTaking(Runnable once) {
        beforeTaking = once;
    }

    synchronized String holder() {
        return left ? "" : holder;
    }

    @Override
    public synchronized Optional<Taken> take(String edgeId, Duration ttl) throws IOException {
        requireReachable(edgeId);
        boolean free = left || nanos.getAsLong() >= endsAtNanos || holder.equals(edgeId);
        if (!free) {
            return Optional.empty();
        }
        Runnable once = beforeTaking;
        beforeTaking = () -> {};
        once.run();
        String previous = holder;
        holder = edgeId;
        left = false;
        endsAtNanos = nanos.getAsLong() + ttl.toNanos();
        return Optional.of(new Taken(++fence, previous));
    }

    @Override
    public synchronized boolean renew(String edgeId, long held, Duration ttl) throws IOException {
        requireReachable(edgeId);
        if (left || fence != held || nanos.getAsLong() >= endsAtNanos) {
            return false;
        }
        endsAtNanos = nanos.getAsLong() + ttl.toNanos();
        return true;
    }

    @Override
    public synchronized void leave(String edgeId, long held) throws IOException {
        requireReachable(edgeId);
        if (fence == held) {
            left = true;
        }
    }

    private void requireReachable(String edgeId) throws IOException {
        if (cutOff.contains(edgeId)) {
            throw new IOException("the fleet store does not answer " + edgeId);
        }
        if (broken.contains(edgeId)) {
            throw new IllegalStateException("the seat's document is of a version that nobody knows");
        }
    }
}
