package dev.godwit.fleet.etcd;

import dev.godwit.fleet.FleetStoreUnavailable;
import io.etcd.jetcd.Watch;
import io.etcd.jetcd.options.WatchOption;
import io.etcd.jetcd.watch.WatchResponse;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells of changed values. etcd's events only name their ids; one virtual thread then reads the values and tells what
 * differs from what it knew. So an event doubled or out of order costs nothing, and a burst for one id is one read. After a
 * gap, and for very many ids at once, everything is listed.
 *
 * @param <T> the values; equal ones are not told twice
 */
final class EtcdWatch<T> implements dev.godwit.fleet.Watch {
    private static final Logger LOG = LoggerFactory.getLogger(EtcdWatch.class);

    /** Should an event be lost for good (a connection that died unseen), the next list finds what it told. */
    private static final Duration LIST_AT_LEAST_EVERY = Duration.ofSeconds(30);

    /** After a list that failed, and between the end of a watch and the next. */
    private static final Duration RETRY = Duration.ofMillis(500);

    private final Watch watches;
    private final Listed<T> listed;
    private final BiConsumer<T, Boolean> consumer;
    private final Consumer<EtcdWatch<T>> onClose;
    private final ChangedIds changed = new ChangedIds();
    private final Thread teller = Thread.ofVirtual().name("fleet-watch").unstarted(this::tellUntilClosed);
    private Map<String, T> known = new HashMap<>();
    private Watch.@Nullable Watcher watcher;

    /** @param consumer hears of a value, and whether it was removed; then it is the last that was known */
    EtcdWatch(Watch watches, Listed<T> listed, BiConsumer<T, Boolean> consumer, Consumer<EtcdWatch<T>> onClose) {
        this.watches = watches;
        this.listed = listed;
        this.consumer = consumer;
        this.onClose = onClose;
    }

    void start() throws FleetStoreUnavailable {
        Listed.Listing<T> listing = listed.listing();
        known = new HashMap<>(listing.all());
        watchFrom(listing.revision() + 1);
        teller.start();
    }

    @Override
    public void close() {
        changed.close();
        teller.interrupt();
        try {
            if (Thread.currentThread() != teller) {
                teller.join();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        closeWatcher();
        onClose.accept(this);
    }

    private void watchFrom(long revision) {
        WatchOption option =
                WatchOption.builder().isPrefix(true).withRevision(revision).build();
        watcher = watches.watch(
                listed.prefix(), option, Watch.listener(this::heard, (Throwable e) -> changed.gap(), changed::gap));
    }

    private void heard(WatchResponse response) {
        response.getEvents().forEach(event -> changed.add(Keys.tail(event.getKeyValue(), listed.prefix())));
    }

    private void closeWatcher() {
        Watch.Watcher present = watcher;
        if (present != null) {
            present.close();
            watcher = null;
        }
    }

    private void tellUntilClosed() {
        try {
            while (true) {
                ChangedIds.Batch batch = changed.take(LIST_AT_LEAST_EVERY);
                if (batch.closed()) {
                    return;
                }
                tell(batch);
            }
        } catch (InterruptedException e) {
            LOG.debug("the watch of the fleet store ends");
        }
    }

    private void tell(ChangedIds.Batch batch) throws InterruptedException {
        try {
            if (batch.listAll()) {
                if (batch.gap()) {
                    closeWatcher();
                    TimeUnit.NANOSECONDS.sleep(RETRY.toNanos());
                }
                Listed.Listing<T> listing = listed.listing();
                if (batch.gap()) {
                    watchFrom(listing.revision() + 1);
                }
                Set<String> ids = new HashSet<>(known.keySet());
                ids.addAll(listing.all().keySet());
                ids.forEach(id -> tell(id, Optional.ofNullable(listing.all().get(id))));
            } else {
                for (String id : batch.ids()) {
                    tell(id, listed.read(id));
                }
            }
        } catch (FleetStoreUnavailable e) {
            LOG.info("the watch of the fleet store waits for it: {}", e.getMessage());
            TimeUnit.NANOSECONDS.sleep(RETRY.toNanos());
            changed.gap();
        }
    }

    private void tell(String id, Optional<T> now) {
        T before = known.get(id);
        if (now.isPresent() && !now.get().equals(before)) {
            known.put(id, now.get());
            consumer.accept(now.get(), false);
        } else if (now.isEmpty() && before != null) {
            known.remove(id);
            consumer.accept(before, true);
        }
    }
}
