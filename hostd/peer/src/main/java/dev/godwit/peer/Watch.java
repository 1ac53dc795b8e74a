package dev.godwit.peer;

import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Closes connections whose other end has gone silent: a path that swallows packets gives no error by itself. One thread
 * for all connections of one end; it never writes, so a dead path can't hold it up.
 */
final class Watch implements AutoCloseable {
    private final Duration silence;
    private final Set<Connection> connections = ConcurrentHashMap.newKeySet();
    private final Set<Runnable> ticks = ConcurrentHashMap.newKeySet();
    private final CountDownLatch closed = new CountDownLatch(1);
    private final AtomicLong silent = new AtomicLong();
    private final Thread thread;

    Watch(String name, Duration silence) {
        this.silence = silence;
        this.thread = Thread.ofPlatform().daemon().name(name).start(() -> run(silence.toNanos() / 4));
    }

    void add(Connection connection) {
        connections.add(connection);
    }

    void remove(Connection connection) {
        connections.remove(connection);
    }

    /** Calls {@code tick} at every look; it must be short. */
    void onTick(Runnable tick) {
        ticks.add(tick);
    }

    int open() {
        return connections.size();
    }

    long silent() {
        return silent.get();
    }

    void closeAll(String because) {
        connections.forEach(connection -> connection.close(because));
    }

    private void run(long everyNanos) {
        try {
            while (!closed.await(everyNanos, TimeUnit.NANOSECONDS)) {
                long now = System.nanoTime();
                for (Connection connection : connections) {
                    if (!connection.isClosed() && connection.overdue(now, silence)) {
                        silent.incrementAndGet();
                        connection.close(connection.remote() + " said nothing for " + silence.toMillis() + " ms");
                    } else if (!connection.stillGood()) {
                        connection.close("the certificate of " + connection.remote() + " is no longer taken");
                    }
                }
                ticks.forEach(Runnable::run);
            }
        } catch (InterruptedException e) {
            closeAll("the watch was interrupted");
        }
    }

    @Override
    public void close() {
        closed.countDown();
        closeAll("closed");
        if (Thread.currentThread() != thread) {
            Waits.join(thread, Duration.ofSeconds(5));
        }
    }
}
