package dev.godwit.peer;

import java.io.InterruptedIOException;
import java.time.Duration;
import java.util.Collection;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** Bounded waiting that keeps an interrupt. */
final class Waits {
    private Waits() {}

    /** Waits for a thread's end; an interrupt ends the wait and stays set. */
    static void join(Thread thread, Duration limit) {
        try {
            thread.join(limit);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Waits for the end of all, together at most {@code limit}. */
    static void joinAll(Collection<Thread> threads, Duration limit) {
        long deadline = System.nanoTime() + limit.toNanos();
        for (Thread thread : threads) {
            join(thread, Duration.ofNanos(Math.max(1, deadline - System.nanoTime())));
        }
    }

    /** Waits for {@code closing}, at most {@code limit}; true when closed or interrupted: time to stop. */
    static boolean onceClosed(CountDownLatch closing, Duration limit) {
        try {
            return closing.await(limit.toNanos(), TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return true;
        }
    }

    static InterruptedIOException interrupted(String what) {
        Thread.currentThread().interrupt();
        return new InterruptedIOException("interrupted while waiting for " + what);
    }
}
