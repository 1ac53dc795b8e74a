package dev.godwit.net;

import java.util.concurrent.locks.LockSupport;

/** So many turns a second; a late turn is made up for, so that a busy machine sends as much as an idle one. */
final class Pace {
    private final long turnNanos;
    private long next = System.nanoTime();

    Pace(int perSecond) {
        this.turnNanos = 1_000_000_000L / perSecond;
    }

    void awaitTurn() {
        next += turnNanos;
        for (long left = next - System.nanoTime(); left > 0; left = next - System.nanoTime()) {
            LockSupport.parkNanos(left);
        }
    }
}
