package dev.godwit.daemon;

import dev.godwit.api.ProblemCode;
import dev.godwit.edge.AddressClaim;
import dev.godwit.edge.CommandClaim;
import dev.godwit.edge.DeviceClaim;
import dev.godwit.edge.DnsLimits;
import dev.godwit.edge.EdgeNode;
import dev.godwit.edge.EdgeSides;
import dev.godwit.edge.EdgeSpec;
import dev.godwit.edge.EdgeState;
import dev.godwit.edge.PublicAddress;
import dev.godwit.edge.PublishedPorts;
import dev.godwit.fleet.FleetStore;
import dev.godwit.fleet.FleetStoreException;
import dev.godwit.fleet.HostRecord;
import dev.godwit.fleet.HostRole;
import dev.godwit.fleet.OwnershipRecord;
import dev.godwit.linux.Clock;
import dev.godwit.net.Gateway;
import dev.godwit.net.HostNetwork;
import dev.godwit.net.Prefix;
import dev.godwit.peer.PeerRefused;
import dev.godwit.peer.StreamReceiver;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** This host as an edge: what {@code hostd/edge} needs of the fleet, from the fleet store and the peer wire. */
final class EdgeService implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(EdgeService.class);
    private static final Duration LOOK_EVERY = Duration.ofSeconds(1);
    private static final Duration CLAIM_WITHIN = Duration.ofSeconds(30);
    private static final Duration TELL_WITHIN = Duration.ofSeconds(3);

    private final String hostId;
    private final FleetStore store;
    private final FleetLocations locations;
    private final EdgeSides sides;
    private final ProjectNames names;
    private final PublicWays ways;
    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().name("edge-ports").daemon().factory());
    private volatile long told;
    private String lastTrouble = "";
    private volatile @Nullable EdgeNode node;

    private EdgeService(
            String hostId, FleetStore store, FleetLocations locations, VmAddresses addresses, EdgeSides sides) {
        this.hostId = hostId;
        this.store = store;
        this.locations = locations;
        this.sides = sides;
        this.names = new ProjectNames(addresses);
        this.ways = new PublicWays(sides, addresses);
    }

    /**
     * Begins to serve as a stand-by, or goes on with what an earlier hostd left.
     *
     * @param state this hostd's folder
     */
    static EdgeService open(
            String hostId,
            EdgeConfig config,
            RoutedNetwork network,
            FleetLocations locations,
            FleetStore store,
            Peers peers,
            Path state)
            throws IOException {
        List<Prefix> vms = network.addresses().prefixes();
        network.host().openGateway(vms);
        EdgeSides sides =
                new EdgeSides(config.publicDevice(), config.addresses(), HostNetwork.DEVICE, vms, List.of(Gateway.V4));
        EdgeService service = new EdgeService(hostId, store, locations, network.addresses(), sides);
        service.begin(config, peers, state);
        return service;
    }

    private void begin(EdgeConfig config, Peers peers, Path state) throws IOException {
        EdgeSpec spec = new EdgeSpec(
                hostId,
                sides,
                config.leaseOrDefault(),
                config.resolverAddresses(),
                DnsLimits.defaults(),
                EdgeSpec.DNS_PORT,
                EdgeSpec.FLOWS_MAX,
                state.resolve("edge-served"));
        AtomicReference<PublishedPorts> first = new AtomicReference<>(PublishedPorts.none());
        try {
            follow(first::set);
        } catch (FleetStoreException e) {
            log.warn("what is published is not known yet: {}", e.getMessage());
        }
        EdgeNode opened = EdgeNode.open(
                spec,
                first.get(),
                names,
                new DocumentSeat(store.documents(), Clock.BOOTTIME::nanos),
                claim(config, peers),
                () -> List.of(EdgeLinks.dialer(peers, locations::others)));
        node = opened;
        var unused = timer.scheduleWithFixedDelay(
                () -> look(opened, peers), LOOK_EVERY.toMillis(), LOOK_EVERY.toMillis(), TimeUnit.MILLISECONDS);
    }

    /** Takes in what the fleet says now: names, and the ways from the world. */
    private boolean follow(PublicWays.Gate gate) throws FleetStoreException, IOException {
        List<OwnershipRecord> vms = locations.recordsSeen();
        names.tell(vms);
        return ways.look(store.documents(), vms, gate);
    }

    /** The address goes to the interface, to the cloud, and then the hosts are told where their VMs' way out is. */
    private AddressClaim claim(EdgeConfig config, Peers peers) {
        List<AddressClaim> claims = new ArrayList<>(List.of(new DeviceClaim(config.publicDevice())));
        if (!config.claimCommandOrNone().isEmpty()) {
            claims.add(new CommandClaim(config.claimCommandOrNone(), CLAIM_WITHIN));
        }
        claims.add(new AddressClaim() {
            @Override
            public void claim(InetAddress address) {
                tellHosts(peers);
            }

            @Override
            public void announce(InetAddress address) {
                // Hosts that did not hear it read the seat in the fleet store.
            }

            @Override
            public void release(InetAddress address) {
                // The next one tells them.
            }
        });
        return AddressClaim.all(claims);
    }

    private void tellHosts(Peers peers) {
        EdgeNode here = node;
        if (here == null) {
            return;
        }
        EdgeWord word = new EdgeWord(hostId, here.fence());
        told = word.fence();
        locations.activeEdge(word);
        for (HostRecord host : locations.others()) {
            Thread.ofVirtual().name("edge-word").start(() -> {
                try {
                    peers.link(host).call(NetCalls.EDGE, NetCalls.write(word), TELL_WITHIN);
                } catch (IOException e) {
                    log.info(
                            "host {} hears of the active edge from the fleet store: {}", host.hostId(), e.getMessage());
                }
            });
        }
    }

    private void look(EdgeNode opened, Peers peers) {
        try {
            if (opened.state() == EdgeState.ACTIVE && told != opened.fence()) {
                tellHosts(peers);
            }
            if (follow(opened::publish)) {
                log.info("{} public ports lead to VMs", ways.count());
            }
            lastTrouble = "";
        } catch (FleetStoreException | IOException | RuntimeException e) {
            String trouble = String.valueOf(e.getMessage());
            if (!trouble.equals(lastTrouble)) {
                log.warn("what is published stays as it was, and is looked at again: {}", trouble);
                lastTrouble = trouble;
            }
        }
    }

    /**
     * Hands the seat over to the other edge, which takes it at once; this one takes it no more until hostd is started
     * anew.
     *
     * @throws Conflict there is no other edge, so VMs would lose their way out
     */
    void handOver() {
        boolean another = locations.others().stream().anyMatch(host -> host.role() == HostRole.EDGE);
        boolean floats = sides.publicAddresses().stream().allMatch(PublicAddress::floating);
        if (!another || !floats) {
            throw new Conflict(
                    ProblemCode.CONFLICT,
                    "Edge " + hostId + " keeps its seat: "
                            + (floats ? "no other edge is alive" : "its addresses are its own")
                            + ", so VMs would lose their way out. Start another edge first, or stop hostd here.");
        }
        EdgeNode here = node;
        if (here != null) {
            here.handOver();
        }
    }

    /** Takes a stream in by which the active edge tells of its connections. */
    StreamReceiver receive(String fromHost) throws PeerRefused {
        EdgeNode here = node;
        if (here == null
                || locations
                        .host(fromHost)
                        .filter(host -> host.role() == HostRole.EDGE)
                        .isEmpty()) {
            throw new PeerRefused("not-an-edge", "host " + fromHost + " is no edge of this fleet");
        }
        return EdgeLinks.receiver(here);
    }

    /** The edge's figures. */
    Optional<EdgeFigures.Seen> figures() throws IOException {
        EdgeNode here = node;
        return here == null ? Optional.empty() : Optional.of(new EdgeFigures.Seen(here.metrics(), ways.count()));
    }

    /** Lets go; connections go on as long as the lease lasts, and the next hostd takes them over. */
    @Override
    public void close() {
        timer.shutdownNow();
        EdgeNode here = node;
        if (here != null) {
            here.close();
        }
    }
}
