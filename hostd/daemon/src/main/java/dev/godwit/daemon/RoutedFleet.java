package dev.godwit.daemon;

import dev.godwit.api.Network;
import dev.godwit.api.NetworkSettings;
import dev.godwit.fleet.FleetStore;
import dev.godwit.fleet.HostRecord;
import dev.godwit.linux.Clock;
import dev.godwit.move.MovesInProgress;
import dev.godwit.net.Addresses;
import dev.godwit.net.Policy;
import dev.godwit.net.Prefix;
import java.io.IOException;
import java.net.InetAddress;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What keeps the routed network of this host in step with the fleet: locations, peers, the lease, taken VMs. */
final class RoutedFleet implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(RoutedFleet.class);
    /** A renewal is in the kernel within it: small against the third of a lease that lies between two renewals. */
    private static final Duration LEASE_LOOK = Duration.ofMillis(200);
    /** A policy holds 256 rules, the user's among them; a fleet with more hosts names their networks in {@code closed}. */
    private static final int CLOSED_MOST =
            Policy.RULES_MAX - NetworkSettings.RULES_MAX - NetworkPolicy.METADATA_SERVICES.size();

    private final HostdConfig config;
    private final List<Prefix> closed;
    private volatile List<Prefix> own = HostAddresses.own();
    private final RoutedNetwork network;
    private final HostParts parts;
    private final FleetLocations locations;
    private final TakenVms taken;
    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().name("lease").daemon().factory());

    private RoutedFleet(
            HostdConfig config,
            List<Prefix> closed,
            FleetStore store,
            RoutedNetwork network,
            HostParts parts,
            Vms vms,
            MovesInProgress inProgress) {
        this.config = config;
        this.closed = closed(config, closed);
        this.network = network;
        this.parts = parts;
        this.taken = new TakenVms(config.hostId(), store, parts, vms, inProgress);
        this.locations = new FleetLocations(
                config.hostId(),
                store,
                new KernelLocations(network.host()),
                network.addresses(),
                Clock.BOOTTIME::nanos,
                taken::written,
                this::hostsChanged);
    }

    /** What the configuration closes, and the addresses that it has of the fleet store and of this host, by name too. */
    private static List<Prefix> closed(HostdConfig config, List<Prefix> closed) {
        Set<Prefix> all = new LinkedHashSet<>(closed);
        List<URI> etcd = config.fleetStore().etcd();
        if (etcd != null) {
            etcd.forEach(url -> addNamed(all, "the fleet store", url.getHost()));
        }
        addNamed(all, "this host's rest-address", host(config.restAddress()));
        addNamed(all, "this host's peer-address", host(config.peerAddress()));
        return List.copyOf(all);
    }

    private static void addNamed(Set<Prefix> all, String what, @Nullable String host) {
        if (host != null) {
            HostAddresses.of(what, host, InetAddress::getAllByName).forEach(prefix -> add(all, prefix));
        }
    }

    private void hostsChanged() {
        own = HostAddresses.own();
        network.tunnels()
                .ifPresent(tunnels -> tunnels.tell(locations.hostsSeen().stream()
                        .filter(host -> !host.hostId().equals(config.hostId()))
                        .toList()));
        network.tellRules();
    }

    /** What the other hosts need to know of this one. */
    Map<String, String> labels() {
        ListenAddress peerAddress = config.peerAddress();
        return peerAddress == null
                ? Map.of()
                : network.tunnels().map(tunnels -> tunnels.labels(peerAddress)).orElse(Map.of());
    }

    /** Joins before any VM is taken back: their ports need the fleet's hosts. */
    static RoutedFleet join(
            HostdConfig config,
            List<Prefix> closed,
            FleetStore store,
            RoutedNetwork network,
            Peers peers,
            HostParts parts,
            Vms vms,
            MovesInProgress inProgress,
            Function<String, Network> projects) {
        RoutedFleet fleet = new RoutedFleet(config, closed, store, network, parts, vms, inProgress);
        network.join(
                new VmRules(
                        new LocalWayOut(
                                projects,
                                () -> network.host()
                                        .openLocalEgress(network.addresses().prefixes())),
                        fleet::guarded),
                reservation -> new RoutedSteps(
                        network,
                        fleet.locations,
                        peers,
                        reservation,
                        () -> vms.find(reservation.vmId())
                                .orElseThrow(() -> new IOException("vm " + reservation.vmId() + " is not on this host"))
                                .vmm()
                                .pid()));
        fleet.locations.begin();
        return fleet;
    }

    /** The VMs of an earlier hostd are taken back: what is left of others goes, and those that are another host's end. */
    void tookBack() {
        try {
            network.removeStrays(parts.records().ids());
        } catch (IOException e) {
            log.error("ports that no VM has stay until hostd is started anew: {}", e.getMessage());
        }
        locations.start();
        Thread.ofVirtual().name("taken").start(taken::look);
    }

    /** Lets the VMs speak for as long as this host's lease says. */
    void speakWhile(Supplier<OptionalLong> lease) {
        SpeakingLease speaking = new SpeakingLease(lease, this::until, locations::readAll, Clock.BOOTTIME::nanos);
        var unused = timer.scheduleWithFixedDelay(
                () -> {
                    try {
                        speaking.look();
                    } catch (RuntimeException e) {
                        log.error("the lease can't be looked at: {}", e.getMessage(), e);
                    }
                },
                0,
                LEASE_LOOK.toMillis(),
                TimeUnit.MILLISECONDS);
    }

    private void until(long nanos) throws IOException {
        if (nanos == Long.MAX_VALUE) {
            network.host().maps().lease().forever();
        } else {
            network.host().maps().lease().until(Duration.ofNanos(nanos));
        }
    }

    /** Begins to serve as an edge. */
    EdgeService openEdge(EdgeConfig edge, FleetStore store, Peers peers, Path state) throws IOException {
        return EdgeService.open(config.hostId(), edge, network, locations, store, peers, state);
    }

    NetDesk desk() {
        return new NetDesk(network, locations);
    }

    /** What the configuration closes, and every address of a host or the fleet store. */
    private List<Prefix> guarded() {
        Set<Prefix> guarded = new LinkedHashSet<>(closed);
        own.forEach(prefix -> add(guarded, prefix));
        for (HostRecord host : locations.hostsSeen()) {
            add(guarded, host.underlayAddress());
            add(guarded, host(host.restAddress()));
            add(guarded, host(host.peerAddress()));
        }
        if (guarded.size() > CLOSED_MOST) {
            log.warn(
                    "the fleet has more addresses than a policy has room for: name the hosts' networks in vm-network"
                            + " closed ({} of {} are closed one by one)",
                    CLOSED_MOST,
                    guarded.size());
        }
        return guarded.stream().limit(CLOSED_MOST).toList();
    }

    private static void add(Set<Prefix> guarded, @Nullable String address) {
        if (address == null || address.isEmpty()) {
            return;
        }
        String literal = address.startsWith("[") ? address.substring(1, address.length() - 1) : address;
        try {
            add(guarded, Prefix.of(Addresses.literal(literal)));
        } catch (IllegalArgumentException name) {
            log.debug("{} is a name; vm-network closed has to name its addresses", address);
        }
    }

    private static void add(Set<Prefix> guarded, Prefix prefix) {
        if (!prefix.address().isAnyLocalAddress() && guarded.stream().noneMatch(wider -> wider.covers(prefix))) {
            guarded.add(prefix);
        }
    }

    private static @Nullable String host(@Nullable ListenAddress address) {
        return address == null ? null : host(address.toString());
    }

    private static String host(String hostAndPort) {
        int colon = hostAndPort.lastIndexOf(':');
        return colon < 0 ? hostAndPort : hostAndPort.substring(0, colon);
    }

    @Override
    public void close() throws InterruptedException {
        timer.shutdownNow();
        locations.close();
    }
}
