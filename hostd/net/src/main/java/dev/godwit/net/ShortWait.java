package dev.godwit.net;

import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;

/** Waits that are far shorter than what a scheduler calls a sleep, and are part of a protocol with a VMM. */
final class ShortWait {
    private ShortWait() {}

    /**
     * Waits for at least {@code time}.
     *
     * @throws IOException the thread was interrupted; it still is
     */
    static void of(Duration time) throws IOException {
        long deadline = System.nanoTime() + time.toNanos();
        for (long left = time.toNanos(); left > 0; left = deadline - System.nanoTime()) {
            LockSupport.parkNanos(left);
            if (Thread.currentThread().isInterrupted()) {
                throw new IOException("interrupted while a tap was waited for");
            }
        }
    }
}
