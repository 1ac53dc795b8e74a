package dev.godwit.daemon;

import dev.godwit.move.MoveClock;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.atomic.AtomicLong;

/** A clock that only its sleepers drive: a sleep is over at once, and later than before. */
final class SteppedClock implements MoveClock {
    private final AtomicLong nanos = new AtomicLong();
    volatile Runnable whileSleeping = () -> {};

    @Override
    public Instant now() {
        return Instant.EPOCH.plusNanos(nanos.get());
    }

    @Override
    public long nanos() {
        return nanos.get();
    }

    @Override
    public void sleep(Duration duration) throws InterruptedException {
        if (Thread.interrupted()) {
            throw new InterruptedException("woken from " + duration);
        }
        nanos.addAndGet(duration.toNanos());
        whileSleeping.run();
    }

    void advance(Duration duration) {
        nanos.addAndGet(duration.toNanos());
    }
}
