package dev.godwit.daemon;

import dev.godwit.fleet.FleetStore;
import dev.godwit.fleet.FleetStoreUnavailable;
import dev.godwit.fleet.HostIdTaken;
import dev.godwit.fleet.HostLease;
import dev.godwit.fleet.HostRecord;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.OptionalLong;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps this host known to the fleet. After a crash the old lease still stands for a while; and a store may be away at the
 * start: both are waited for in the background, because VMs must be served meanwhile. A store that answers is waited for.
 */
final class FleetPresence implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(FleetPresence.class);
    /** A dead host is no candidate after it; short of it, a store that restarts loses nobody. */
    static final Duration LEASE = Duration.ofSeconds(10);

    private static final Duration RETRY = Duration.ofMillis(500);
    /** Who sees this host answer may name it to others at once; the first call to an etcd took up to 3 s. */
    private static final Duration FIRST_WAIT = Duration.ofSeconds(5);

    private final FleetStore store;
    private final HostRecord host;
    private final Thread thread;
    private final CountDownLatch known = new CountDownLatch(1);
    private @Nullable HostLease lease;

    private FleetPresence(FleetStore store, HostRecord host) {
        this.store = store;
        this.host = host;
        this.thread = Thread.ofVirtual().name("fleet-presence").unstarted(this::announce);
    }

    /**
     * Begins to announce this host, and returns at once.
     *
     * @param installation made at the first start of this hostd and kept in its state directory
     * @param labels what the others need to know of this host beside its configuration
     */
    static FleetPresence begin(HostdConfig config, FleetStore store, String installation, Map<String, String> labels) {
        Map<String, String> all = new HashMap<>(labels);
        all.put("cpu-template", config.cpuTemplate());
        if (HostPki.keyDirectory(config) != null) {
            all.put(HostPki.ISSUER_LABEL, "true");
        }
        EdgeConfig edge = config.edge();
        if (edge != null) {
            all.put(PublicPorts.ADDRESSES_LABEL, String.join(",", edge.publicAddresses()));
        }
        FleetPresence presence = new FleetPresence(
                store,
                new HostRecord(
                        config.hostId(),
                        installation,
                        dev.godwit.fleet.HostRole.valueOf(config.role().name()),
                        text(config.restAddress()),
                        text(config.peerAddress()),
                        underlay(config.vmNetwork()),
                        all));
        presence.thread.start();
        return presence;
    }

    /** Waits a moment until the host is known. */
    void awaitFirst() {
        try {
            if (!known.await(FIRST_WAIT.toSeconds(), TimeUnit.SECONDS)) {
                log.warn("host {} begins to serve without being known to the fleet; it goes on trying", host.hostId());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static String text(@Nullable ListenAddress address) {
        return address == null ? "" : address.toString();
    }

    private static String underlay(@Nullable VmNetworkConfig network) {
        String address = network == null ? null : network.underlayAddress();
        return address == null ? "" : address;
    }

    private void announce() {
        String last = "";
        try {
            while (true) {
                try {
                    HostLease got = store.announce(host, LEASE);
                    synchronized (this) {
                        lease = got;
                    }
                    known.countDown();
                    log.info("host {} is known to the fleet", host.hostId());
                    return;
                } catch (HostIdTaken | FleetStoreUnavailable e) {
                    String why = String.valueOf(e.getMessage());
                    if (!why.equals(last)) {
                        log.warn("host {} is not known to the fleet yet: {}", host.hostId(), why);
                        last = why;
                    }
                }
                Thread.sleep(RETRY);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Until when this host may count on its lease; empty before it is known to the fleet. */
    synchronized OptionalLong validUntilNanos() {
        return lease == null ? OptionalLong.empty() : OptionalLong.of(lease.validUntilNanos());
    }

    @Override
    public void close() throws InterruptedException {
        thread.interrupt();
        thread.join(RETRY.multipliedBy(10));
        synchronized (this) {
            if (lease != null) {
                lease.close();
            }
        }
    }
}
