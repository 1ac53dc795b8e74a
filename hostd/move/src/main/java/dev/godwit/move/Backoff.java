package dev.godwit.move;

import java.time.Duration;

/** Pauses between tries that double from the first to the longest and then stay there. */
final class Backoff {
    private final MoveClock clock;
    private final Duration longest;
    private Duration next;

    Backoff(MoveHost host) {
        this.clock = host.clock();
        this.next = host.limits().backoffFirst();
        this.longest = host.limits().backoffMost();
    }

    void pause() throws InterruptedException {
        clock.sleep(next);
        Duration doubled = next.multipliedBy(2);
        next = doubled.compareTo(longest) > 0 ? longest : doubled;
    }
}
