package dev.godwit.lab;

import java.time.Duration;
import java.time.Instant;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;

/**
 * Looks at a host's peer link ten times a second, so that the bytes between two moments are known afterwards. Its own
 * thread counts; all methods may be called from any thread.
 */
final class LinkCounter implements AutoCloseable {
    private static final Duration LOOK_EVERY = Duration.ofMillis(100);

    private final LabHost host;
    private final TreeMap<Instant, Long> bytes = new TreeMap<>();
    private volatile boolean closed;

    private LinkCounter(LabHost host) {
        this.host = host;
    }

    static LinkCounter of(LabHost host) {
        LinkCounter counter = new LinkCounter(host);
        counter.look();
        Thread.ofVirtual().name("link-" + host.id()).start(counter::count);
        return counter;
    }

    /** Counts once more, right now. */
    void look() {
        long now = host.peerBytesSent();
        synchronized (this) {
            bytes.put(Instant.now(), now);
        }
    }

    /** Bytes sent from the last look before {@code start} to the last look of all; empty without such looks. */
    synchronized OptionalLong since(Instant start) {
        var before = bytes.floorEntry(start);
        return before == null
                ? OptionalLong.empty()
                : OptionalLong.of(bytes.lastEntry().getValue() - before.getValue());
    }

    /** Ends the counting; what was counted can still be asked for. */
    void stop() {
        closed = true;
    }

    @Override
    public void close() {
        stop();
    }

    private void count() {
        try {
            while (!closed && host.alive()) {
                look();
                TimeUnit.MILLISECONDS.sleep(LOOK_EVERY.toMillis());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (LabException e) {
            if (!closed && host.alive()) {
                System.err.println("link counter: " + e.getMessage());
            }
        }
    }
}
