package dev.godwit.daemon;

import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The threads that carry moves, cut-overs, their recovery and evacuations. They end before what they use is closed: a move
 * that is interrupted stays open and is resolved by the next start of hostd; one whose wire and VMM are closed under it
 * would judge what it sees. Thread-safe.
 */
final class MoveThreads implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(MoveThreads.class);
    /** A call that no interrupt ends has a time-out of its own; the service manager waits longer than this. */
    private static final Duration JOIN_MOST = Duration.ofSeconds(10);

    private final Set<Thread> running = ConcurrentHashMap.newKeySet();
    private boolean closed;

    /** Begins work on a platform thread of its own. */
    synchronized void start(String name, Runnable work) {
        if (closed) {
            throw new IllegalStateException("hostd goes down and does not begin " + name);
        }
        Thread thread = Thread.ofPlatform().name(name).unstarted(() -> {
            try {
                work.run();
            } finally {
                running.remove(Thread.currentThread());
            }
        });
        running.add(thread);
        thread.start();
    }

    private synchronized List<Thread> last() {
        closed = true;
        return List.copyOf(running);
    }

    /** Interrupts all of them and waits until they have ended. */
    @Override
    public void close() {
        List<Thread> threads = last();
        threads.forEach(Thread::interrupt);
        long until = System.nanoTime() + JOIN_MOST.toNanos();
        try {
            for (Thread thread : threads) {
                Duration left = Duration.ofNanos(Math.max(1, until - System.nanoTime()));
                if (!thread.join(left)) {
                    log.warn("{} did not end within {} s of being told to", thread.getName(), JOIN_MOST.toSeconds());
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
