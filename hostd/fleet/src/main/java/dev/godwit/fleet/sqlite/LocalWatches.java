package dev.godwit.fleet.sqlite;

import dev.godwit.fleet.Watch;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells this process what this process wrote: nobody else can write. One thread calls all consumers, in order.
 *
 * @param <C> what a change is
 */
final class LocalWatches<C> implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(LocalWatches.class);

    /** Each is a write that waited for the medium: so many untold ones mean a consumer that is stuck. */
    private static final int CHANGES_MOST = 4096;

    private final List<LocalWatch> watches = new CopyOnWriteArrayList<>();
    private final ThreadPoolExecutor teller = new ThreadPoolExecutor(
            1,
            1,
            0,
            TimeUnit.SECONDS,
            new ArrayBlockingQueue<>(CHANGES_MOST),
            Thread.ofPlatform().daemon().name("fleet-store-watch").factory(),
            LocalWatches::untold);

    Watch add(Consumer<C> consumer) {
        LocalWatch watch = new LocalWatch(consumer);
        watches.add(watch);
        return watch;
    }

    void tell(C change) {
        if (!watches.isEmpty()) {
            teller.execute(() -> watches.forEach(watch -> watch.tell(change)));
        }
    }

    private static void untold(Runnable change, ThreadPoolExecutor teller) {
        if (!teller.isShutdown()) {
            LOG.warn("a watch of the fleet store is stuck and {} changes behind: this one is not told", CHANGES_MOST);
        }
    }

    @Override
    public void close() {
        watches.clear();
        teller.shutdownNow();
    }

    private final class LocalWatch implements Watch {
        private final Consumer<C> consumer;
        private boolean open = true;

        LocalWatch(Consumer<C> consumer) {
            this.consumer = consumer;
        }

        synchronized void tell(C change) {
            if (open) {
                consumer.accept(change);
            }
        }

        @Override
        public synchronized void close() {
            open = false;
            watches.remove(this);
        }
    }
}
