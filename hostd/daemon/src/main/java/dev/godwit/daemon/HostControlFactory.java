package dev.godwit.daemon;

import dev.godwit.api.Network;
import dev.godwit.cloud.CloudDrivers;
import dev.godwit.cloud.NoticeSource;
import dev.godwit.fleet.FleetStore;
import dev.godwit.fleet.FleetStoreException;
import dev.godwit.fleet.etcd.EtcdFleetStore;
import dev.godwit.fleet.sqlite.SqliteFleetStore;
import dev.godwit.linux.Clock;
import dev.godwit.linux.Mount;
import dev.godwit.move.FileMoveJournal;
import dev.godwit.move.MoveClock;
import dev.godwit.move.MoveHost;
import dev.godwit.move.MoveLimits;
import dev.godwit.move.MoveRecovery;
import dev.godwit.move.MovesInProgress;
import dev.godwit.move.TargetMoves;
import dev.godwit.move.VmPort;
import dev.godwit.net.Addresses;
import dev.godwit.net.HostNetwork;
import dev.godwit.net.HostNetworkSpec;
import dev.godwit.net.Prefix;
import dev.godwit.net.WireGuardUnderlay;
import dev.godwit.peer.PeerLimits;
import dev.godwit.peer.PeerServer;
import dev.godwit.peer.PeerSockets;
import dev.godwit.vmm.Cgroups;
import dev.godwit.vmm.CpuTemplate;
import dev.godwit.vmm.Tracking;
import dev.godwit.vmm.TrackingProbe;
import dev.godwit.vmm.qemu.QemuDriver;
import dev.godwit.vmm.qemu.QemuSettings;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Puts a host together: opens its parts in the order in which they need each other. */
public final class HostControlFactory implements ControlFactory {
    private static final Logger log = LoggerFactory.getLogger(HostControlFactory.class);

    /** An ended move is what refuses a late message of it; nothing comes a week late. */
    private static final Duration ENDED_MOVES_KEPT = Duration.ofDays(7);
    /** Open moves are resolved first; with a fleet store that answers this takes less than 2 s. */
    private static final Duration RECONCILE_FIRST = Duration.ofSeconds(3);
    /** The end of a VMM takes up to 3 s, nearly all of it waiting; the rest of the machine goes on beside it. */
    private static final int LEASE_ENDS_AT_ONCE = 8;

    @Override
    public Control open(HostdConfig config, EventLog events, PrometheusRegistry metrics, @Nullable HostTls tls)
            throws IOException {
        ClosingStack parts = new ClosingStack();
        try {
            return open(config, events, metrics, parts, tls);
        } catch (IOException | RuntimeException e) {
            try {
                parts.close();
            } catch (IOException closing) {
                e.addSuppressed(closing);
            }
            throw e;
        }
    }

    private static Control open(
            HostdConfig config, EventLog events, PrometheusRegistry metrics, ClosingStack parts, @Nullable HostTls tls)
            throws IOException {
        InstantSource clock = InstantSource.system();
        HostPaths paths =
                new HostPaths(config.stateDirectory(), config.stateDirectory().resolve("images"));
        paths.create();
        Path home = Path.of(System.getProperty("godwit.home", "/usr/lib/godwit"))
                .toAbsolutePath()
                .normalize();
        long memoryMib = config.vmMemoryMib() == null ? Admission.machineMemoryMib() : config.vmMemoryMib();
        if (!Mount.isTmpfs(paths.ram())) {
            Mount.tmpfs(paths.ram(), memoryMib << 20, 0711);
        }
        parts.add((AutoCloseable) () -> unmountIfUnused(paths.ram()));
        Tracking tracking = new TrackingProbe(paths.ram()).run();
        log.info("guest memory: {}", tracking.works() ? tracking.mechanism() : tracking.reason());
        Cgroups cgroups = Cgroups.detect(config.hostId());
        QemuDriver driver = new QemuDriver(new QemuSettings(
                QemuSettings.DEFAULT_QEMU,
                home.resolve("native/vmm-launch"),
                home.resolve("native/libgodwit-ram-handover.so"),
                paths.state().resolve("probe"),
                cgroups,
                config.handOverTimeout()));
        HostFitness fitness = new HostFitness(driver, config.allowEmulation(), config.role());
        Admission admission = new Admission(memoryMib, config.vmsMax(), paths.vms());
        Images images = new Images(paths, new ImageRecipes(home), config.hostId());
        ImageTransfer transfer = new ImageTransfer(images);
        Vms vms = new Vms();
        List<Prefix> closed = closed(config.vmNetwork());
        VmNetwork network = parts.add(network(config, closed, paths));
        HostParts hostParts = new HostParts(paths, new VmRecords(paths), driver, admission, events, network);

        FleetStore store = parts.add(store(config, tls));
        HostPki pki = new HostPki(config, store, clock);
        parts.add((AutoCloseable) vms::closeAll);
        PeerSockets sockets = tls == null ? PeerSockets.plain() : tls.peerSockets();
        Peers peers = parts.add(new Peers(config.hostId(), store, sockets));
        LinkCounter link = new LinkCounter(
                config.peerAddress() == null
                        ? null
                        : config.peerAddress().socketAddress().getAddress());
        MoveLog moveLog = new MoveLog(paths.moves());
        MoveAnnouncer announcer = new MoveAnnouncer(events, moveLog, link, vms);
        FileMoveJournal journal = parts.add(new FileMoveJournal(paths.moves()));
        MoveHost moveHost = new MoveHost(
                config.hostId(),
                journal,
                new MovesInProgress(),
                announcer,
                MoveClock.system(),
                MoveLimits.DEFAULT.withReservationLease(config.reservationTimeout()));
        FleetOwnership ownership = new FleetOwnership(store);
        Departure departure = new Departure();
        MoveThreads threads = new MoveThreads();
        ArrivingVms arriving = new ArrivingVms(hostParts, fitness, images, vms, departure, threads);
        announcer.arriving(arriving);
        TargetMoves targets = new TargetMoves(moveHost, ownership, arriving);
        Moves moves =
                new Moves(moveHost, ownership, network, peers, moveLog, link, config.pauseBudget(), departure, threads);
        Disowning disowning = new Disowning(config.hostId(), store);
        Networks networks = new Networks(store, () -> sendLimitRefusal(network));
        VmLifecycle lifecycle = new VmLifecycle(
                hostParts,
                config.hostId(),
                store,
                images,
                fitness,
                vms,
                config.cpuTemplate(),
                moveHost.inProgress(),
                departure,
                disowning,
                networks);
        ExecutorService leaseEnds = Executors.newFixedThreadPool(
                LEASE_ENDS_AT_ONCE, Thread.ofVirtual().name("lease-end-", 0).factory());
        parts.add((AutoCloseable) leaseEnds::shutdownNow);
        VmLeases leases = new VmLeases(vms, lifecycle, moveHost.inProgress(), clock, Clock.BOOTTIME::nanos, leaseEnds);
        FleetView view = new FleetView(peers, vms, config.cpuTemplate());
        Evacuation evacuation = new Evacuation(
                config.hostId(),
                new DepartingVms(vms, admission, moveHost.inProgress(), targets, moves, view),
                departure,
                threads,
                events,
                moveHost.clock(),
                Evacuation.HELD_UP_LEAST);

        ProjectNetworks projects = parts.add(new ProjectNetworks(
                networks,
                store.documents(),
                paths.state().resolve("networks.json"),
                changed -> follow(network, changed)));
        RoutedFleet routed = network instanceof RoutedNetwork here
                ? parts.add(RoutedFleet.join(
                        config, closed, store, here, peers, hostParts, vms, moveHost.inProgress(), projects::of))
                : null;
        // Before VMs are taken back, which takes seconds: they are heard only while this host's lease is renewed. No VM
        // is sent here before all is ready: a move's reservation comes by the peer wire and a new VM by REST. Neither
        // listens yet, and a host that does not answer is no target of a move and no place for a VM.
        FleetPresence presence = parts.add(
                FleetPresence.begin(config, store, installation(paths), routed == null ? Map.of() : routed.labels()));
        if (routed != null) {
            routed.speakWhile(presence::validUntilNanos);
        }
        new VmRecovery(hostParts, config.hostId(), store, images, vms, threads, journal.openMoves()).run(lifecycle);
        if (routed != null) {
            routed.tookBack();
            projects.start();
        }
        resolveOpenMoves(moveHost, moves, targets, hostParts, vms, threads);

        HostsAway away = new HostsAway(config.hostId(), store, clock);
        parts.add((AutoCloseable) () -> {
            if (!vms.all().isEmpty() && !MachineShutdown.hasBegun()) {
                away.leaves();
            }
        });
        LostVms lost = new LostVms(
                config.hostId(),
                store,
                events,
                (record, told, why) -> {
                    moves.writeOffTarget(record.vmId());
                    lifecycle.writeOff(record, told, why);
                },
                new TakenVms(config.hostId(), store, hostParts, vms, moveHost.inProgress()),
                away,
                clock,
                Clock.BOOTTIME::nanos,
                FleetPresence.LEASE);
        HostServices services = new HostServices(
                vms,
                lifecycle,
                new KeyedVms(
                        config.hostId(),
                        store,
                        lifecycle,
                        vms,
                        leases,
                        name -> images.find(name).map(LocalImage::digest)),
                new VmClaims(config.hostId(), store, lifecycle, moveHost.clock(), FleetPresence.LEASE),
                lost,
                leases,
                store,
                peers,
                view,
                networks,
                network instanceof RoutedNetwork here ? here.traffic() : new NoTraffic(config.hostId()),
                moveHost,
                moves,
                moveLog,
                evacuation,
                departure,
                images,
                transfer,
                fitness,
                admission,
                tracking,
                List.of(CpuTemplate.named(config.cpuTemplate()).name()),
                new PublicPorts(store),
                parts);
        EdgeService edge = routed == null || config.edge() == null
                ? null
                : parts.add(routed.openEdge(config.edge(), store, peers, paths.state()));
        if (edge != null) {
            EdgeFigures.register(edge::figures, metrics);
        }
        if (config.peerAddress() != null) {
            PeerDesk desk = new PeerDesk(
                    new Arrivals(targets, arriving), transfer, services, routed == null ? null : routed.desk(), edge);
            parts.add(new PeerServer(
                    config.peerAddress().socketAddress(), config.hostId(), desk, desk, PeerLimits.standard(), sockets));
        }
        ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor(
                Thread.ofPlatform().name("reservations").daemon().factory());
        parts.add((AutoCloseable) timer::shutdownNow);
        var unused = timer.scheduleWithFixedDelay(() -> endAbandoned(targets), 1, 1, TimeUnit.SECONDS);
        Reconciliation reconciliation = new Reconciliation(
                config.hostId(), store, hostParts, vms, moveHost.inProgress(), disowning, Clock.BOOTTIME::nanos);
        ScheduledExecutorService upkeep = Executors.newSingleThreadScheduledExecutor(
                Thread.ofPlatform().name("upkeep").daemon().factory());
        parts.add((AutoCloseable) upkeep::shutdownNow);
        var unusedReconciliation = upkeep.scheduleWithFixedDelay(
                reconciliation::run,
                RECONCILE_FIRST.toSeconds(),
                Reconciliation.ORPHAN_AFTER.toSeconds(),
                TimeUnit.SECONDS);
        var unusedLeases = upkeep.scheduleWithFixedDelay(() -> sweep(leases), 1, 1, TimeUnit.SECONDS);
        var unusedForgetting =
                upkeep.scheduleWithFixedDelay(() -> forgetEndedMoves(journal, clock), 0, 1, TimeUnit.DAYS);
        ScheduledExecutorService watch = Executors.newSingleThreadScheduledExecutor(
                Thread.ofPlatform().name("lost-vms").daemon().factory());
        parts.add((AutoCloseable) watch::shutdownNow);
        var unusedWatch = watch.scheduleWithFixedDelay(lost::look, 1, 2, TimeUnit.SECONDS);
        presence.awaitFirst();
        // Once more, so that the fleet forgets this host before its services end; what is closed stays closed.
        parts.add(presence);
        NoticeSource notices = parts.add(CloudDrivers.open(
                config.cloud().driver().toString(), config.cloud().metadataEndpoint(), config.hostId(), clock));
        notices.start(evacuation::noticed);
        // Closed first: moves must not see the wire, the VMMs and the store go away under them.
        parts.add(threads);
        if (tls != null) {
            Renewal renewal = new Renewal(config, tls, pki, clock);
            tls.follow(store, renewal::runIfDue);
            parts.add(tls);
        }
        return new HostControl(config, services, pki, edge);
    }

    private static List<Prefix> closed(@Nullable VmNetworkConfig network) {
        List<String> closed = network == null ? null : network.closed();
        return closed == null ? List.of() : closed.stream().map(Prefix::parse).toList();
    }

    private static VmNetwork network(HostdConfig config, List<Prefix> closed, HostPaths paths) throws IOException {
        VmNetworkConfig network = config.vmNetwork();
        if (network == null) {
            return new NoNetwork();
        }
        return network.isRouted() ? routed(config.hostId(), network, closed, paths) : SegmentNetwork.of(network);
    }

    private static void follow(VmNetwork network, Network changed) throws IOException {
        if (network instanceof RoutedNetwork routed) {
            routed.tellRules(changed.project());
        }
    }

    private static Optional<String> sendLimitRefusal(VmNetwork network) {
        try {
            return network instanceof RoutedNetwork routed ? routed.host().sendLimitRefusal() : Optional.empty();
        } catch (IOException e) {
            return Optional.of(String.valueOf(e.getMessage()));
        }
    }

    private static RoutedNetwork routed(String hostId, VmNetworkConfig config, List<Prefix> closed, HostPaths paths)
            throws IOException {
        InetAddress underlay =
                Addresses.literal(Objects.requireNonNull(config.underlayAddress(), "a routed network has one"));
        Optional<Tunnels> tunnels = config.underlay() == UnderlayKind.WIREGUARD
                ? Optional.of(Tunnels.open(underlay, paths.state().resolve("wireguard.key")))
                : Optional.empty();
        HostNetwork host = HostNetwork.open(new HostNetworkSpec(
                underlay, paths.state().resolve("bpf"), VmMtu.BYTES, tunnels.map(any -> WireGuardUnderlay.DEVICE)));
        RoutedTraffic traffic = new RoutedTraffic(hostId, host.maps(), InstantSource.system(), Clock.BOOTTIME::nanos);
        RoutedNetwork network = new RoutedNetwork(host, tunnels, VmAddresses.of(config), closed, traffic);
        traffic.start();
        return network;
    }

    /** Tells this machine's hostd from another one that was given the same configuration. */
    private static String installation(HostPaths paths) throws IOException {
        Path file = paths.state().resolve("installation");
        if (!Files.exists(file)) {
            Files.writeString(file, UUID.randomUUID().toString());
        }
        return Files.readString(file).strip();
    }

    private static FleetStore store(HostdConfig config, @Nullable HostTls tls) throws IOException {
        FleetStoreConfig where = config.fleetStore();
        try {
            return where.etcd() != null
                    ? EtcdFleetStore.open(
                            where.etcd().stream().map(Object::toString).toList(),
                            encrypted(where) && tls != null ? tls.toStore() : null,
                            Clock.BOOTTIME::nanos)
                    : SqliteFleetStore.open(
                            Objects.requireNonNull(where.sqlite(), "a fleet store is one of the two"),
                            Clock.BOOTTIME::nanos);
        } catch (FleetStoreException e) {
            throw new IOException("the fleet store can't be opened: " + e.getMessage(), e);
        }
    }

    private static boolean encrypted(FleetStoreConfig store) {
        return store.etcd() != null && store.etcd().stream().allMatch(url -> "https".equals(url.getScheme()));
    }

    /** Each on a thread of its own: one that is in doubt holds no other up. */
    private static void resolveOpenMoves(
            MoveHost host, Moves moves, TargetMoves targets, HostParts parts, Vms vms, MoveThreads threads)
            throws IOException {
        MoveRecovery recovery = new MoveRecovery(
                host,
                record -> moves.recalled(
                        record,
                        vms.find(record.vmId())
                                .<VmPort>map(SourceVm::new)
                                .orElseGet(() -> new AbsentVm(record.vmId(), parts.records()))),
                targets);
        for (MoveRecovery.OpenMove open : recovery.openMoves()) {
            threads.start("move-recovery", () -> {
                try {
                    log.info("an open move is resolved: {}", open.resolve().state());
                } catch (RuntimeException e) {
                    log.error("an open move stays open until the next start: {}", e.getMessage(), e);
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            });
        }
    }

    /** RAM of VMs that run on stays mounted. */
    private static void unmountIfUnused(Path ram) throws IOException {
        try (var files = Files.list(ram)) {
            if (files.findAny().isPresent()) {
                return;
            }
        }
        Mount.unmount(ram);
    }

    private static void forgetEndedMoves(FileMoveJournal journal, InstantSource clock) {
        try {
            int removed = journal.removeEndedBefore(clock.instant().minus(ENDED_MOVES_KEPT));
            if (removed > 0) {
                log.info("{} moves that ended more than {} days ago are forgotten", removed, ENDED_MOVES_KEPT.toDays());
            }
        } catch (IOException | RuntimeException e) {
            log.error("the journal could not be cleaned: {}", e.getMessage(), e);
        }
    }

    /** A timer forgets what has thrown once. */
    private static void sweep(VmLeases leases) {
        try {
            leases.sweep();
        } catch (RuntimeException e) {
            log.error("leases could not be looked at: {}", e.getMessage(), e);
        }
    }

    private static void endAbandoned(TargetMoves targets) {
        try {
            targets.endAbandoned();
        } catch (IOException | RuntimeException e) {
            log.error("an abandoned reservation could not be ended: {}", e.getMessage(), e);
        }
    }
}
