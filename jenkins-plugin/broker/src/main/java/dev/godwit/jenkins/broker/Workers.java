package dev.godwit.jenkins.broker;

import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Threads for what must not wait for one another's answers: deletions and looks after VMs. Thread-safe. */
final class Workers implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Workers.class);

    /** hostd deletes a VM in tens of milliseconds; eight at once empty any cloud in seconds. */
    private static final int THREADS = 8;

    private final AtomicInteger number = new AtomicInteger();
    private final ExecutorService threads = Executors.newFixedThreadPool(
            THREADS, work -> daemon(work, "godwit-broker-worker-" + number.incrementAndGet()));

    void run(Runnable work) {
        try {
            threads.execute(() -> {
                try {
                    work.run();
                } catch (RuntimeException | Error e) { // nobody else would say so
                    LOG.error("a work of the broker failed: {}", e.toString(), e);
                }
            });
        } catch (RejectedExecutionException closed) {
            LOG.debug("work after the broker's end: {}", closed.getMessage());
        }
    }

    static Thread daemon(Runnable work, String name) {
        Thread thread = new Thread(work, name);
        thread.setDaemon(true);
        return thread;
    }

    @Override
    public void close() {
        threads.shutdownNow();
    }
}
