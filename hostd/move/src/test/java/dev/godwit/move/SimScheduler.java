package dev.godwit.move;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.function.BooleanSupplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Runs blocking code of several machines one step at a time, in an order and on a clock that a seed decides. Exactly one
 * actor runs at any moment: it holds its turn until its next port call gives it back.
 */
final class SimScheduler {
    /** Thrown into an actor whose hostd was killed; nothing in the product catches an Error. */
    static final class HostdDied extends Error {
        HostdDied() {
            super("hostd died", null, false, false);
        }
    }

    /** One life of a hostd, or of the simulation itself. */
    static final class Life {
        boolean dead;
    }

    interface Body {
        void run() throws Exception;
    }

    private static final class Actor {
        final String name;
        final Life life;
        final Semaphore turn = new Semaphore(0);
        BooleanSupplier ready = () -> true;
        long wakeAtNanos;
        boolean done;

        Actor(String name, Life life, long now) {
            this.name = name;
            this.life = life;
            this.wakeAtNanos = now;
        }
    }

    private static final long STEP_NANOS_MOST = 400_000;

    final RandomGenerator random;
    private final Semaphore back = new Semaphore(0);
    private final List<Actor> actors = new ArrayList<>();
    private @Nullable Actor current;
    private @Nullable Throwable failure;
    private long nowNanos = 1_000_000_000L;
    private long steps;

    SimScheduler(RandomGenerator random) {
        this.random = random;
    }

    long nowNanos() {
        return nowNanos;
    }

    long steps() {
        return steps;
    }

    void spawn(String name, Life life, Body body) {
        Actor actor = new Actor(name, life, nowNanos);
        actors.add(actor);
        Thread.ofVirtual().name(name).start(() -> {
            actor.turn.acquireUninterruptibly();
            try {
                if (!life.dead) {
                    body.run();
                }
            } catch (HostdDied died) {
                // The life ended; that is what the simulation wanted.
            } catch (Throwable t) {
                failure = new AssertionError("actor " + actor.name + ": " + t, t);
            } finally {
                actor.done = true;
                back.release();
            }
        });
    }

    Life life() {
        return actor().life;
    }

    /** Gives the turn back; the actor goes on at some later moment, or dies. */
    void step() {
        pauseUntil(() -> true, Long.MAX_VALUE);
    }

    void sleep(long nanos) {
        pauseUntil(() -> false, nowNanos + nanos);
    }

    /** Waits until ready or the time is over; whether it is ready. */
    boolean await(BooleanSupplier ready, long nanos) {
        pauseUntil(ready, nowNanos + nanos);
        return ready.getAsBoolean();
    }

    private void pauseUntil(BooleanSupplier ready, long wakeAtNanos) {
        Actor me = actor();
        if (me.life.dead) {
            throw new HostdDied();
        }
        me.ready = ready;
        me.wakeAtNanos = wakeAtNanos;
        back.release();
        me.turn.acquireUninterruptibly();
        if (me.life.dead) {
            throw new HostdDied();
        }
    }

    /** Runs until finished, checking after every step. */
    void run(BooleanSupplier finished, Runnable check, long stepsMost) {
        while (!finished.getAsBoolean()) {
            if (steps > stepsMost) {
                throw new AssertionError("not finished after " + steps + " steps at " + nowNanos / 1_000_000 + " ms");
            }
            one();
            check.run();
        }
    }

    /** Ends every actor. */
    void end(List<Life> lives) {
        lives.forEach(life -> life.dead = true);
        while (!actors.isEmpty()) {
            one();
        }
    }

    private void one() {
        List<Actor> ready = new ArrayList<>();
        long earliest = Long.MAX_VALUE;
        for (Actor actor : actors) {
            if (actor.life.dead || actor.wakeAtNanos <= nowNanos || actor.ready.getAsBoolean()) {
                ready.add(actor);
            } else {
                earliest = Math.min(earliest, actor.wakeAtNanos);
            }
        }
        if (ready.isEmpty()) {
            if (earliest == Long.MAX_VALUE) {
                throw new AssertionError("nobody can go on: " + actors.size() + " actors wait for ever");
            }
            nowNanos = earliest;
            return;
        }
        Actor chosen = ready.get(random.nextInt(ready.size()));
        steps++;
        nowNanos += random.nextLong(STEP_NANOS_MOST);
        current = chosen;
        chosen.turn.release();
        back.acquireUninterruptibly();
        current = null;
        if (chosen.done) {
            actors.remove(chosen);
        }
        if (failure != null) {
            Throwable t = failure;
            failure = null;
            throw new AssertionError(t.getMessage(), t);
        }
    }

    private Actor actor() {
        Actor me = current;
        if (me == null) {
            throw new IllegalStateException("called from outside the simulation");
        }
        return me;
    }
}
