package dev.godwit.move;

import java.util.concurrent.atomic.AtomicReference;

/**
 * Decides at the target, once and without a lock, between giving a move up and committing it. Whoever works on the move
 * holds the gate; an abort that comes meanwhile is left for the worker, which sees it before it may commit.
 */
final class CommitGate {
    private enum Position {
        IDLE,
        WORKING,
        ABORT_ASKED,
        COMMITTING,
        CLOSED
    }

    /** What an abort met. */
    enum Abort {
        /** Nobody works on the move and nobody will: the caller gives it up. */
        MINE,
        /** The worker gives it up. */
        LEFT_TO_WORKER,
        /** The commit is on its way, or the move is over: the ownership record decides. */
        TOO_LATE
    }

    private final AtomicReference<Position> position = new AtomicReference<>(Position.IDLE);

    /** Begins work; false if somebody works, commits or has given up. */
    boolean begin() {
        return position.compareAndSet(Position.IDLE, Position.WORKING);
    }

    /** Ends work; false if an abort came meanwhile, which the caller now has to carry out. */
    boolean end() {
        if (position.compareAndSet(Position.WORKING, Position.IDLE)) {
            return true;
        }
        position.set(Position.CLOSED);
        return false;
    }

    /** From work to commit; false if an abort came meanwhile, which the caller now has to carry out. */
    boolean commit() {
        if (position.compareAndSet(Position.WORKING, Position.COMMITTING)) {
            return true;
        }
        position.set(Position.CLOSED);
        return false;
    }

    /** For good, by whoever works. */
    void close() {
        position.set(Position.CLOSED);
    }

    Abort abort() {
        if (position.compareAndSet(Position.IDLE, Position.CLOSED)) {
            return Abort.MINE;
        }
        if (position.compareAndSet(Position.WORKING, Position.ABORT_ASKED)) {
            return Abort.LEFT_TO_WORKER;
        }
        return position.get() == Position.ABORT_ASKED ? Abort.LEFT_TO_WORKER : Abort.TOO_LATE;
    }
}
