package dev.godwit.fleet.etcd;

import dev.godwit.fleet.FleetStoreUnavailable;
import dev.godwit.fleet.OwnershipChange;
import dev.godwit.fleet.OwnershipRecord;
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
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells of changed records. etcd's events only name the VMs; one virtual thread then reads their records and tells what
 * differs from what it knew. So an event doubled or out of order costs nothing, and a burst for one VM is one read. After a
 * gap, and for very many VMs at once, everything is listed.
 */
final class EtcdWatch implements dev.godwit.fleet.Watch {
    private static final Logger LOG = LoggerFactory.getLogger(EtcdWatch.class);

    /** Should an event be lost for good (a connection that died unseen), the next list finds what it told. */
    private static final Duration LIST_AT_LEAST_EVERY = Duration.ofSeconds(30);

    /** After a list that failed, and between the end of a watch and the next. */
    private static final Duration RETRY = Duration.ofMillis(500);

    private final Watch watches;
    private final EtcdFleetStore store;
    private final Consumer<OwnershipChange> consumer;
    private final Consumer<EtcdWatch> onClose;
    private final ChangedVms changed = new ChangedVms();
    private final Thread teller = Thread.ofVirtual().name("fleet-watch").unstarted(this::tellUntilClosed);
    private Map<String, OwnershipRecord> known = new HashMap<>();
    private Watch.@Nullable Watcher watcher;

    EtcdWatch(Watch watches, EtcdFleetStore store, Consumer<OwnershipChange> consumer, Consumer<EtcdWatch> onClose) {
        this.watches = watches;
        this.store = store;
        this.consumer = consumer;
        this.onClose = onClose;
    }

    void start() throws FleetStoreUnavailable {
        EtcdFleetStore.Listing listing = store.listing();
        known = new HashMap<>(listing.records());
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
                Keys.OWNERS, option, Watch.listener(this::heard, (Throwable e) -> changed.gap(), changed::gap));
    }

    private void heard(WatchResponse response) {
        response.getEvents().forEach(event -> changed.add(Keys.tail(event.getKeyValue(), Keys.OWNERS)));
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
                ChangedVms.Batch batch = changed.take(LIST_AT_LEAST_EVERY);
                if (batch.closed()) {
                    return;
                }
                tell(batch);
            }
        } catch (InterruptedException e) {
            LOG.debug("the watch of the fleet store ends");
        }
    }

    private void tell(ChangedVms.Batch batch) throws InterruptedException {
        try {
            if (batch.listAll()) {
                if (batch.gap()) {
                    closeWatcher();
                    TimeUnit.NANOSECONDS.sleep(RETRY.toNanos());
                }
                EtcdFleetStore.Listing listing = store.listing();
                if (batch.gap()) {
                    watchFrom(listing.revision() + 1);
                }
                Set<String> vmIds = new HashSet<>(known.keySet());
                vmIds.addAll(listing.records().keySet());
                vmIds.forEach(
                        vmId -> tell(vmId, Optional.ofNullable(listing.records().get(vmId))));
            } else {
                for (String vmId : batch.vmIds()) {
                    tell(vmId, store.read(vmId));
                }
            }
        } catch (FleetStoreUnavailable e) {
            LOG.info("the watch of the fleet store waits for it: {}", e.getMessage());
            TimeUnit.NANOSECONDS.sleep(RETRY.toNanos());
            changed.gap();
        }
    }

    private void tell(String vmId, Optional<OwnershipRecord> now) {
        OwnershipRecord before = known.get(vmId);
        if (now.isPresent() && !now.get().equals(before)) {
            known.put(vmId, now.get());
            consumer.accept(new OwnershipChange(now.get(), false));
        } else if (now.isEmpty() && before != null) {
            known.remove(vmId);
            consumer.accept(new OwnershipChange(before, true));
        }
    }
}
