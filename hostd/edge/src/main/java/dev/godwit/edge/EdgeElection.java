package dev.godwit.edge;

import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes and keeps the seat for one edge. The order of a fail-over is fixed here: the connections' state is loaded first,
 * the way for packets is opened second, the addresses are claimed last.
 *
 * <p>An edge counts from the <em>send</em> of its last good renewal and speaks for two thirds of the time to live; the
 * next one waits for the whole of it (design §7). {@link EdgeDuty#speakUntil} is told that moment and shuts by itself, so
 * an edge is silent in time whatever becomes of its program.
 *
 * <p>Whoever changes the state queues what follows from it before he lets go of the lock: tasks run in the order of the
 * states, so that nothing is undone after it was done for a later taking.
 *
 * <p>{@link #step} is called by one thread; {@link #close} after the last step.
 */
public final class EdgeElection implements AutoCloseable {
    /** A shorter lease would end in a collector's pause. */
    public static final Duration TTL_LEAST = Duration.ofMillis(500);

    private static final Logger LOG = LoggerFactory.getLogger(EdgeElection.class);

    private final EdgeSeat seat;
    private final String edgeId;
    private final Duration ttl;
    private final LongSupplier bootNanos;
    private final EdgeDuty duty;
    private final Executor work;

    private EdgeState state = EdgeState.STANDBY;
    private long fence;
    private long heldUntilNanos;
    private long stateSinceNanos;
    private String lastTrouble = "";
    private boolean withdrawn;
    private long takings;

    /**
     * @param edgeId what this edge calls itself: the same after a restart, no other edge has it
     * @param bootNanos CLOCK_BOOTTIME
     * @param work runs {@link EdgeDuty}'s long tasks, one after the other
     */
    public EdgeElection(
            EdgeSeat seat, String edgeId, Duration ttl, LongSupplier bootNanos, EdgeDuty duty, Executor work) {
        if (ttl.compareTo(TTL_LEAST) < 0) {
            throw new IllegalArgumentException("an edge's lease of " + ttl + " is below " + TTL_LEAST);
        }
        this.seat = seat;
        this.edgeId = edgeId;
        this.ttl = ttl;
        this.bootNanos = bootNanos;
        this.duty = duty;
        this.work = work;
        this.stateSinceNanos = bootNanos.getAsLong();
    }

    /** Where this edge stands. */
    public synchronized EdgeState state() {
        return state;
    }

    /** The fence of the seat that this edge has or had last; 0 if it never had it. */
    public synchronized long fence() {
        return fence;
    }

    /** For how long this edge may still speak; zero: it has not got the seat. */
    public synchronized Duration leaseLeft() {
        return state == EdgeState.STANDBY
                ? Duration.ZERO
                : Duration.ofNanos(Math.max(0, heldUntilNanos - bootNanos.getAsLong()));
    }

    /** How often this edge began to serve since it was opened. */
    public synchronized long takings() {
        return takings;
    }

    /**
     * Takes, renews or gives up, as things are. Returns how long the next step may wait. A step that fails in a way that
     * nobody thought of is like a store that does not answer: the lease decides.
     */
    public Duration step() {
        try {
            return state() == EdgeState.STANDBY ? tryToTake() : keep();
        } catch (RuntimeException e) {
            LOG.error("edge {}: a step of the election failed: {}", edgeId, e.getMessage(), e);
            return state() == EdgeState.STANDBY ? every() : afterFailure(fence());
        }
    }

    private Duration every() {
        return ttl.dividedBy(6);
    }

    private long share() {
        return ttl.toNanos() / 3 * 2;
    }

    private Duration tryToTake() {
        if (isWithdrawn()) {
            return every();
        }
        long sent = bootNanos.getAsLong();
        Optional<EdgeSeat.Taken> answer;
        try {
            answer = seat.take(edgeId, ttl);
        } catch (IOException e) {
            trouble("the seat could not be read", e);
            return every();
        }
        lastTrouble = "";
        if (answer.isPresent()) {
            takeSeat(answer.get(), sent);
        }
        return every();
    }

    private void takeSeat(EdgeSeat.Taken taken, long sent) {
        synchronized (this) {
            if (!withdrawn) {
                fence = taken.fence();
                heldUntilNanos = sent + share();
                become(EdgeState.LOADING, "took the seat from '" + taken.previousHolder() + "'");
                work.execute(() -> takeUp(taken));
                return;
            }
        }
        leave(taken.fence());
    }

    /** Load first, open second, claim last. */
    private void takeUp(EdgeSeat.Taken taken) {
        try {
            duty.load(taken);
            synchronized (this) {
                if (!isLoading(taken)) {
                    return;
                }
                duty.speakUntil(heldUntilNanos);
                become(EdgeState.ACTIVE, "the connections are loaded");
                takings++;
            }
            duty.claim();
        } catch (IOException | RuntimeException e) {
            LOG.error("edge {} has the seat but can't serve: {}; it leaves the seat", edgeId, e.getMessage(), e);
            if (giveUp(taken.fence(), "it can't serve")) {
                leave(taken.fence());
            }
        }
    }

    private boolean isLoading(EdgeSeat.Taken taken) {
        return state == EdgeState.LOADING && isStill(taken) && bootNanos.getAsLong() < heldUntilNanos;
    }

    private synchronized boolean isStill(EdgeSeat.Taken taken) {
        return state != EdgeState.STANDBY && fence == taken.fence();
    }

    private Duration keep() {
        long sent = bootNanos.getAsLong();
        long mine = fence();
        boolean renewed;
        try {
            renewed = seat.renew(edgeId, mine, ttl);
        } catch (IOException e) {
            trouble("the seat could not be renewed", e);
            return afterFailure(mine);
        }
        lastTrouble = "";
        if (!renewed) {
            giveUp(mine, "the seat is not its own any more");
            return Duration.ZERO;
        }
        return extend(mine, sent);
    }

    private Duration afterFailure(long held) {
        long left;
        synchronized (this) {
            left = heldUntilNanos - bootNanos.getAsLong();
        }
        if (left > 0) {
            return Duration.ofNanos(Math.min(left, every().toNanos()));
        }
        giveUp(held, "its lease ended and the seat could not be renewed");
        return every();
    }

    private Duration extend(long renewedFence, long sent) {
        try {
            synchronized (this) {
                if (state == EdgeState.STANDBY || fence != renewedFence) {
                    return every(); // it could not serve, and left the seat while this was under way
                }
                heldUntilNanos = Math.max(heldUntilNanos, sent + share());
                if (state == EdgeState.ACTIVE) {
                    duty.speakUntil(heldUntilNanos);
                }
            }
            return every();
        } catch (IOException e) {
            trouble("the guard of the lease could not be set", e);
            return afterFailure(renewedFence);
        }
    }

    /** @return false: the seat of this fence was given up before, and another may have been taken since */
    private synchronized boolean giveUp(long held, String why) {
        if (state == EdgeState.STANDBY || fence != held) {
            return false;
        }
        duty.silence();
        become(EdgeState.STANDBY, why);
        work.execute(duty::standDown);
        return true;
    }

    private synchronized boolean isWithdrawn() {
        return withdrawn;
    }

    /**
     * Hands the seat over: stands down in order as {@link #close} does, and takes it no more as long as this is open. May
     * be called by any thread.
     */
    public void withdraw() {
        long held;
        synchronized (this) {
            withdrawn = true;
            held = fence;
            if (!giveUp(held, "it hands over")) {
                return;
            }
        }
        leave(held);
    }

    private void leave(long left) {
        try {
            seat.leave(edgeId, left);
        } catch (IOException e) {
            LOG.warn("edge {} could not leave the seat: {}; the others wait for its lease", edgeId, e.getMessage());
        }
    }

    private void become(EdgeState next, String why) {
        if (!state.next().contains(next)) {
            throw new IllegalStateException("an edge can't go from " + state + " to " + next);
        }
        long now = bootNanos.getAsLong();
        LOG.info(
                "edge {} fence {}: {} after {} ms of {}: {}",
                edgeId,
                fence,
                next,
                (now - stateSinceNanos) / 1_000_000,
                state,
                why);
        state = next;
        stateSinceNanos = now;
    }

    private void trouble(String what, IOException e) {
        String trouble = what + ": " + e.getMessage();
        if (!trouble.equals(lastTrouble)) {
            LOG.warn("edge {}: {}", edgeId, trouble);
            lastTrouble = trouble;
        }
    }

    /** Stands down in order: silent first, then the seat is left, so that another edge takes it at once. */
    @Override
    public void close() {
        long held = fence();
        if (giveUp(held, "it stops")) {
            leave(held);
        }
    }
}
