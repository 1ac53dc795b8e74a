package dev.godwit.jenkins.broker;

import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Tells the listener, from one thread and in order; a listener that fails is told the next thing nevertheless. Thread-safe. */
final class Notices implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Notices.class);

    private final AgentEvents listener;
    private final ExecutorService thread = Executors.newSingleThreadExecutor(work -> {
        Thread made = new Thread(work, "godwit-broker-events");
        made.setDaemon(true);
        return made;
    });

    Notices(AgentEvents listener) {
        this.listener = listener;
    }

    void tell(Consumer<AgentEvents> what) {
        try {
            thread.execute(() -> {
                try {
                    what.accept(listener);
                } catch (RuntimeException e) {
                    LOG.error("an event of an agent could not be dealt with: {}", e.getMessage(), e);
                }
            });
        } catch (RejectedExecutionException closed) {
            LOG.debug("an event after the broker's end: {}", closed.getMessage());
        }
    }

    @Override
    public void close() {
        thread.shutdown();
    }
}
