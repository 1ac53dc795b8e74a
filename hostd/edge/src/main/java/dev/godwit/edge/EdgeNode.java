package dev.godwit.edge;

import dev.godwit.linux.Clock;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One edge of a pair: rules, lease, copies of connections, names. It begins as a stand-by and takes the seat when it is
 * free. All its threads are born in the network namespace of the thread that opens it. Thread-safe.
 */
public final class EdgeNode implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(EdgeNode.class);
    private static final Duration EVENTS_WAIT = Duration.ofMillis(200);
    private static final Duration LINK_AGAIN = Duration.ofMillis(500);
    private static final int CHANGES_MAX = 65_536;
    /** Steps of the election (six a lease) after a fail-over at which the addresses are announced again. */
    private static final int ANNOUNCE_AGAIN = 12;

    /** Read whenever the figures are asked for: listing a full table takes seconds. */
    private static final Path FLOWS_OWN = Path.of("/proc/sys/net/netfilter/nf_conntrack_count");

    /** What the host must do for an edge: forward, and tell of every connection. */
    private static final Map<String, String> SETTINGS = Map.of(
            "net/ipv4/ip_forward", "1",
            "net/ipv6/conf/all/forwarding", "1",
            "net/netfilter/nf_conntrack_events", "1");

    private final EdgeSpec spec;
    private final AddressClaim claim;
    private final Supplier<List<ReplicaLink.Dialer>> standbys;
    private final EdgeTables tables;
    private final LeaseGuard guard;
    private final FlowEvents events;
    private final ReplicaTable replica;
    private final ServedFence served;
    private final DnsForwarder dns;
    private final EdgeElection election;
    private final ExecutorService work;
    private final List<ReplicaSender> senders = new CopyOnWriteArrayList<>();
    private final CountDownLatch stop = new CountDownLatch(1);
    private final List<Thread> threads = new ArrayList<>();
    private volatile Loaded lastLoad = new Loaded(Duration.ZERO, new KernelFlows.Loaded(0, 0, 0));
    private volatile int announceAgain;

    private record Loaded(Duration took, KernelFlows.Loaded flows) {}

    private EdgeNode(
            EdgeSpec spec,
            EdgeSeat seat,
            AddressClaim claim,
            Supplier<List<ReplicaLink.Dialer>> standbys,
            EdgeTables tables,
            LeaseGuard guard,
            FlowEvents events,
            DnsForwarder dns) {
        this.spec = spec;
        this.claim = claim;
        this.standbys = standbys;
        this.tables = tables;
        this.guard = guard;
        this.events = events;
        this.dns = dns;
        this.replica = new ReplicaTable(spec.flowsMax());
        this.served = new ServedFence(spec.servedFence());
        ThreadFactory threadsHere =
                Thread.ofPlatform().daemon().name("edge-work").factory();
        this.work = Executors.newSingleThreadExecutor(threadsHere);
        this.election = new EdgeElection(seat, spec.edgeId(), spec.leaseTtl(), Clock.BOOTTIME::nanos, new Duty(), work);
    }

    /**
     * Opens an edge as a stand-by. What an edge of the same id left in the kernel is taken over: its connections go on.
     *
     * @param published as it is known now
     * @param names of VMs
     * @param standbys ways to the other edges, asked for when this one becomes active
     * @throws IOException nftables or connection tracking is missing, an interface is, or a gateway address is not there
     */
    public static EdgeNode open(
            EdgeSpec spec,
            PublishedPorts published,
            VmNames names,
            EdgeSeat seat,
            AddressClaim claim,
            Supplier<List<ReplicaLink.Dialer>> standbys)
            throws IOException {
        EdgeTables tables = new EdgeTables(new EdgeRules(spec.sides()));
        tables.open(published);
        for (Map.Entry<String, String> setting : SETTINGS.entrySet()) {
            Files.writeString(Path.of("/proc/sys").resolve(setting.getKey()), setting.getValue());
        }
        List<InetSocketAddress> dnsAddresses = spec.sides().gateways().stream()
                .map(gateway -> new InetSocketAddress(gateway, spec.dnsPort()))
                .toList();
        List<AutoCloseable> opened = new ArrayList<>();
        boolean done = false;
        try {
            LeaseGuard guard = NftLeaseGuard.open(
                    List.of(spec.sides().vmDevice(), spec.sides().publicDevice()));
            opened.add(guard);
            FlowEvents events = FlowEvents.open(EdgeRules.ZONE);
            opened.add(events);
            DnsForwarder dns = DnsForwarder.open(dnsAddresses, spec.resolvers(), names, spec.dnsLimits());
            opened.add(dns);
            EdgeNode node = new EdgeNode(spec, seat, claim, standbys, tables, guard, events, dns);
            node.start();
            done = true;
            return node;
        } finally {
            if (!done) {
                closeAll(opened);
            }
        }
    }

    private static void closeAll(List<AutoCloseable> opened) {
        for (AutoCloseable one : opened.reversed()) {
            try {
                one.close();
            } catch (Exception e) {
                LOG.warn("closing a part of the edge: {}", e.getMessage());
            }
        }
    }

    private void start() {
        threads.add(Thread.ofPlatform().daemon().name("edge-events").start(this::hear));
        threads.add(Thread.ofPlatform().daemon().name("edge-election").start(this::elect));
    }

    private void hear() {
        FlowEvents.Listener everybody = new FlowEvents.Listener() {
            @Override
            public void seen(Flow flow) {
                senders.forEach(sender -> sender.pending().seen(flow));
            }

            @Override
            public void gone(FlowKey key) {
                senders.forEach(sender -> sender.pending().gone(key));
            }

            @Override
            public void lost() {
                senders.forEach(sender -> sender.pending().lost());
            }
        };
        while (stop.getCount() > 0) {
            try {
                events.poll(EVENTS_WAIT, everybody);
            } catch (IOException | RuntimeException e) {
                LOG.warn(
                        "events of connections could not be read, the stand-bys are told everything anew: {}",
                        e.getMessage());
                everybody.lost();
            }
        }
    }

    private void elect() {
        try {
            Duration wait = Duration.ZERO;
            while (!stop.await(wait.toNanos(), TimeUnit.NANOSECONDS)) {
                wait = election.step();
                if (announceAgain > 0 && election.state() == EdgeState.ACTIVE) {
                    announceAgain--;
                    work.execute(this::announce);
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void announce() {
        for (PublicAddress address : floating()) {
            try {
                claim.announce(address.address());
            } catch (IOException e) {
                LOG.debug("announcing {}: {}", address.address(), e.getMessage());
            }
        }
    }

    private List<PublicAddress> floating() {
        return spec.sides().publicAddresses().stream()
                .filter(PublicAddress::floating)
                .toList();
    }

    private final class Duty implements EdgeDuty {
        @Override
        public void load(EdgeSeat.Taken taken) throws IOException {
            long began = System.nanoTime();
            replica.refuseBelow(taken.fence());
            if (!kernelKnowsMore(taken)) {
                try (KernelFlows flows = KernelFlows.open(EdgeRules.ZONE)) {
                    flows.removeAll();
                    KernelFlows.Loaded loaded = flows.load(replica.newestFirst().iterator());
                    lastLoad = new Loaded(Duration.ofNanos(System.nanoTime() - began), loaded);
                    LOG.info(
                            "edge {} loaded {} in {} ms",
                            spec.edgeId(),
                            loaded,
                            lastLoad.took().toMillis());
                }
            }
            replica.clear();
            served.write(taken.fence());
            replicate(taken.fence());
        }

        /** Nobody spoke since this kernel did; or this edge was interrupted while it took the seat, and has no copy. */
        private boolean kernelKnowsMore(EdgeSeat.Taken taken) throws IOException {
            boolean mine = taken.previousHolder().equals(spec.edgeId());
            return mine && (served.read() == taken.fence() - 1 || replica.size() == 0);
        }

        private void replicate(long fence) {
            for (ReplicaLink.Dialer dialer : standbys.get()) {
                ReplicaSender sender = new ReplicaSender(
                        spec.edgeId(),
                        fence,
                        dialer,
                        () -> KernelFlows.open(EdgeRules.ZONE),
                        new PendingChanges(CHANGES_MAX),
                        LINK_AGAIN);
                senders.add(sender);
                sender.start();
            }
        }

        @Override
        public void speakUntil(long bootNanos) throws IOException {
            guard.openUntil(bootNanos);
        }

        @Override
        public void claim() throws IOException {
            for (PublicAddress address : floating()) {
                claim.claim(address.address());
            }
            announceAgain = ANNOUNCE_AGAIN;
        }

        @Override
        public void silence() {
            try {
                guard.shut();
            } catch (IOException e) {
                LOG.error("the edge could not be silenced at once; its lease silences it: {}", e.getMessage());
            }
        }

        @Override
        public void standDown() {
            senders.forEach(ReplicaSender::close);
            senders.clear();
            for (PublicAddress address : floating()) {
                try {
                    claim.release(address.address());
                } catch (IOException e) {
                    LOG.warn("{} could not be taken off this edge, where it is silent: {}", address, e.getMessage());
                }
            }
        }
    }

    /** Replaces what is published; connections that are under way go on. */
    public synchronized void publish(PublishedPorts published) throws IOException {
        tables.replace(published);
    }

    /** Begins to hear the connections of an edge that opened a link to here. */
    public ReplicaTable.Receiver receive() {
        return replica.open();
    }

    /**
     * Hands the seat over, so that the other edge takes it at once, and takes it no more until this edge is opened anew.
     * Connections go on at the other.
     */
    public void handOver() {
        election.withdraw();
    }

    /** Where this edge stands. */
    public EdgeState state() {
        return election.state();
    }

    /** The fence of the seat that this edge has or had last; 0: it never had it. */
    public long fence() {
        return election.fence();
    }

    /** The edge's figures now. */
    public synchronized EdgeMetrics metrics() throws IOException {
        Map<String, Long> dropped = new LinkedHashMap<>();
        tables.dropped().forEach((drop, packets) -> dropped.put(drop.counter(), packets));
        List<ReplicaSender> now = List.copyOf(senders);
        Loaded load = lastLoad;
        return new EdgeMetrics(
                election.state(),
                election.fence(),
                election.leaseLeft(),
                election.takings(),
                Long.parseLong(Files.readString(FLOWS_OWN).strip()),
                replica.size(),
                replica.isComplete(),
                replica.overflowed(),
                now.size(),
                (int) now.stream().filter(ReplicaSender::isCurrent).count(),
                now.stream().mapToInt(sender -> sender.pending().size()).max().orElse(0),
                now.stream().mapToLong(ReplicaSender::listings).sum(),
                load.took(),
                load.flows().loaded(),
                load.flows().clashed(),
                dns.counts(),
                dropped);
    }

    /**
     * Stops this program's part. What the kernel has stays: while the lease lasts connections go on, and an edge of the
     * same id that is opened meanwhile takes them over.
     */
    @Override
    public void close() {
        end(false);
    }

    /** Stands down in order, so that the other edge takes over at once, and takes everything out of the kernel. */
    public void remove() throws IOException {
        end(true);
        tables.remove();
    }

    private void end(boolean standDown) {
        stop.countDown();
        for (Thread thread : threads) {
            join(thread);
        }
        if (standDown) {
            election.close();
        }
        work.shutdown();
        try {
            if (!work.awaitTermination(30, TimeUnit.SECONDS)) {
                LOG.warn("the edge's last task did not end within 30 s");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        senders.forEach(ReplicaSender::close);
        senders.clear();
        closeAll(List.of(guard, events, dns));
    }

    private static void join(Thread thread) {
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
