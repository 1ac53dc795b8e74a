package dev.godwit.daemon;

import dev.godwit.api.BuildImage;
import dev.godwit.api.Capabilities;
import dev.godwit.api.CreateVm;
import dev.godwit.api.DiskExport;
import dev.godwit.api.DrainPlan;
import dev.godwit.api.DrainRequest;
import dev.godwit.api.EventType;
import dev.godwit.api.Exec;
import dev.godwit.api.ExecRequest;
import dev.godwit.api.Feature;
import dev.godwit.api.Host;
import dev.godwit.api.HostState;
import dev.godwit.api.Image;
import dev.godwit.api.ImagePushed;
import dev.godwit.api.LeaseRenewal;
import dev.godwit.api.Limits;
import dev.godwit.api.Move;
import dev.godwit.api.MoveMode;
import dev.godwit.api.ProblemCode;
import dev.godwit.api.SignalRequest;
import dev.godwit.api.Versions;
import dev.godwit.api.Vm;
import dev.godwit.fleet.FleetStore;
import dev.godwit.fleet.FleetStoreException;
import dev.godwit.fleet.HostRecord;
import dev.godwit.fleet.OwnershipRecord;
import dev.godwit.linux.ForeignFile;
import dev.godwit.move.MoveInProgress;
import dev.godwit.policy.Action;
import dev.godwit.policy.Plan;
import dev.godwit.policy.Snapshot;
import dev.godwit.vmm.Tracking;
import dev.godwit.vmm.VmmDriver;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** This host as the REST layer reaches it: finds the VM and lets the part that knows act. */
final class HostControl implements Control {
    private final HostdConfig config;
    private final HostServices services;

    private final HostPki pki;

    private final @Nullable EdgeService edge;

    /** @param edge null at a host */
    HostControl(HostdConfig config, HostServices services, HostPki pki, @Nullable EdgeService edge) {
        this.config = config;
        this.services = services;
        this.pki = pki;
        this.edge = edge;
    }

    @Override
    public FleetPki pki() {
        return pki;
    }

    @Override
    public String hostId() {
        return config.hostId();
    }

    @Override
    public Owner ownerOf(String vm) throws IOException {
        if (services.vms().owned(vm).isPresent()) {
            return new Owner.Local();
        }
        try {
            FleetStore store = services.store();
            Optional<OwnershipRecord> record = store.read(vm).or(() -> byName(store, vm));
            if (record.isEmpty()) {
                return new Owner.Unknown();
            }
            String owner = record.get().owner();
            if (owner.equals(config.hostId())) {
                return new Owner.Local();
            }
            String rest =
                    services.peers().record(owner).map(HostRecord::restAddress).orElse("");
            if (rest.isEmpty()
                    && services.peers().record(owner).isEmpty()
                    && services.lost().isLost(record.get())) {
                throw new Conflict(
                        ProblemCode.VM_LOST,
                        "VM " + record.get().name() + " (" + record.get().vmId() + ") is lost: its host " + owner
                                + " is gone. Remove it, and its name and key are free for another; 'godwit vm claim "
                                + record.get().name() + "' boots it anew.");
            }
            if (rest.isEmpty()) {
                throw new Unavailable("VM " + vm + " belongs to host " + owner
                        + ", which is not alive or has no rest-address; ask that host, or wait until it is back.");
            }
            return new Owner.Remote(owner, URI.create(config.scheme() + "://" + rest));
        } catch (FleetStoreException e) {
            throw new Unavailable("The fleet store can't be asked who owns VM " + vm + ": " + e.getMessage(), e);
        }
    }

    private static Optional<OwnershipRecord> byName(FleetStore store, String name) {
        try {
            return store.byName(name);
        } catch (FleetStoreException e) {
            throw new Unavailable("The fleet store can't be asked who owns VM " + name + ": " + e.getMessage(), e);
        }
    }

    @Override
    public List<OtherHost> otherHosts() throws IOException {
        return services.peers().others().stream()
                .filter(host -> !host.restAddress().isEmpty())
                .map(host -> new OtherHost(host.hostId(), URI.create(config.scheme() + "://" + host.restAddress())))
                .toList();
    }

    @Override
    public Placement.Placed createVm(CreateVm request) throws IOException {
        Tracking tracking = services.tracking();
        if (!tracking.works()) {
            throw new Refused(
                    ProblemCode.HOST_UNFIT,
                    "Host " + config.hostId() + " can't track guest memory, so its VMs could not move: "
                            + tracking.reason());
        }
        KeyedVms.Attached attached = services.keyedVms().createOrAttach(request);
        return new Placement.Placed(view(attached.vm()), attached.made());
    }

    @Override
    public Vm renewLease(String vm, LeaseRenewal renewal) throws IOException {
        HostedVm hosted = owned(vm);
        services.leases().renew(hosted, renewal.leaseSeconds());
        return view(hosted);
    }

    @Override
    public List<Vm> vms() {
        return services.vms().owned().stream().map(this::view).toList();
    }

    @Override
    public Vm vm(String vm) {
        return view(owned(vm));
    }

    @Override
    public void deleteVm(String vm) throws IOException {
        Optional<HostedVm> here = services.vms().find(vm);
        if (here.isEmpty()) {
            if (!services.lifecycle().deleteRecord(vm)) {
                throw noSuch(vm);
            }
            return;
        }
        try {
            services.lifecycle().delete(here.get(), "VM " + here.get().record().name() + " was removed");
        } catch (MoveInProgress busy) {
            throw busy(vm, busy);
        }
    }

    @Override
    public boolean writeOff(String vm) throws IOException {
        return withRecord(vm, record -> {
            if (record.isEmpty()
                    || record.get().owner().equals(config.hostId())
                    || services.peers().record(record.get().owner()).isPresent()) {
                return false;
            }
            services.lost()
                    .remove(
                            record.get(),
                            EventType.LOST,
                            "VM " + record.get().name() + " was written off with host "
                                    + record.get().owner() + ", by an operator");
            return true;
        });
    }

    @Override
    public boolean removeLost(String vm) throws IOException {
        return withRecord(vm, record -> {
            if (record.isEmpty() || !services.lost().isLost(record.get())) {
                return false;
            }
            services.lost()
                    .remove(
                            record.get(),
                            EventType.RELEASED,
                            "VM " + record.get().name() + " was removed; it was lost with host "
                                    + record.get().owner());
            return true;
        });
    }

    @Override
    public Optional<Vm> recordedVm(String vm) throws IOException {
        return withRecord(
                vm,
                record -> record.isEmpty()
                        ? Optional.empty()
                        : Optional.of(services.lost().shown(record.get())));
    }

    @Override
    public List<Vm> recordedVms() {
        try {
            return services.lost().shown();
        } catch (FleetStoreException e) {
            throw new Unavailable("The fleet store can't be asked which VMs there are: " + e.getMessage(), e);
        }
    }

    private interface OfRecord<T> {
        T apply(Optional<OwnershipRecord> record) throws IOException, FleetStoreException;
    }

    private <T> T withRecord(String vm, OfRecord<T> action) throws IOException {
        try {
            FleetStore store = services.store();
            return action.apply(store.read(vm).or(() -> byName(store, vm)));
        } catch (FleetStoreException e) {
            throw new Unavailable("The fleet store can't be asked who owns VM " + vm + ": " + e.getMessage(), e);
        }
    }

    @Override
    public Vm claimVm(String vm) throws IOException {
        OwnershipRecord record = withRecord(
                vm, found -> found.orElseThrow(() -> new NotFound("There is no VM \"" + vm + "\" in the fleet.")));
        return view(services.claims().claim(record));
    }

    private static Conflict busy(String vm, MoveInProgress busy) {
        return new Conflict(
                ProblemCode.MOVE_RUNNING,
                "VM " + vm
                        + (Moves.isMove(busy.runningMoveId())
                                ? " is on the move; wait for its end and ask its owner then."
                                : " is being stopped or removed; wait for its end."));
    }

    @Override
    public Vm stopVm(String vm) throws IOException {
        HostedVm hosted = owned(vm);
        try {
            services.lifecycle().stop(hosted);
        } catch (MoveInProgress busy) {
            throw busy(vm, busy);
        }
        return view(hosted);
    }

    @Override
    public Ports ports() {
        return services.ports();
    }

    @Override
    public DiskExport exportDisk(String vm) throws IOException {
        HostedVm hosted = owned(vm);
        if (hosted.record().phase() != VmRecord.Phase.STOPPED) {
            throw new Conflict(
                    ProblemCode.CONFLICT,
                    "VM " + vm + " is " + hosted.record().phase()
                            + "; only a stopped VM's disk can be exported: 'godwit vm stop " + vm + "' first.");
        }
        return hosted.export();
    }

    @Override
    public InputStream console(String vm) throws IOException {
        return ForeignFile.open(owned(vm).consoleLog());
    }

    @Override
    public Move startMove(String vm, String target) throws IOException {
        HostedVm hosted = owned(vm);
        if (target.equals(config.hostId())) {
            throw new Refused(ProblemCode.REFUSED, "VM " + vm + " is on host " + target + " already.");
        }
        services.moves().requireStill(hosted);
        HostRecord host = services.peers()
                .record(target)
                .orElseThrow(() -> new NotFound("There is no living host \"" + target
                        + "\" in the fleet; 'godwit host list' shows those that are."));
        if (host.role() == dev.godwit.fleet.HostRole.EDGE) {
            throw new Refused(
                    ProblemCode.HOST_UNFIT,
                    "VM " + vm + " can't move to " + target + ": it is an edge, and edges take no VM; choose a host.");
        }
        Snapshot snapshot = new Snapshot(
                config.hostId(),
                null,
                Snapshot.GUARD_MIN,
                services.view().loads(List.of(hosted)),
                services.view().candidates().stream()
                        .filter(candidate -> candidate.hostId().equals(target))
                        .toList());
        for (Action action : Plan.plan(snapshot, Instant.now())) {
            if (action instanceof Action.Move move) {
                String moveId = services.moves()
                        .begin(hosted, host, FleetView.planned(move))
                        .moveId();
                return services.moveLog().move(moveId);
            }
            throw new Refused(ProblemCode.HOST_UNFIT, action.sentence());
        }
        throw new Conflict(
                ProblemCode.CONFLICT,
                "VM " + vm + " is " + hosted.record().phase() + ", and only a running VM can be moved.");
    }

    @Override
    public List<Move> moves() {
        return services.moveLog().moves();
    }

    @Override
    public Move move(String id) {
        return services.moveLog().move(id);
    }

    @Override
    public List<Image> images() throws IOException {
        return services.images().list();
    }

    @Override
    public Image image(String nameOrDigest) throws IOException {
        return services.images().image(nameOrDigest);
    }

    @Override
    public Image buildImage(BuildImage request) throws IOException {
        return services.images().build(request.name(), request.recipe());
    }

    @Override
    public ImagePushed pushImage(String nameOrDigest, String host) throws IOException {
        LocalImage image = services.images().require(nameOrDigest);
        HostRecord target = services.peers()
                .record(host)
                .orElseThrow(() -> new NotFound("There is no living host \"" + host
                        + "\" in the fleet; 'godwit host list' shows those that are."));
        return services.transfer().push(image, host, services.peers().link(target));
    }

    @Override
    public Host host() throws IOException {
        VmmDriver.Probe probe = services.fitness().probe();
        Tracking tracking = services.tracking();
        HostState state = services.departure().left()
                ? HostState.DRAINED
                : services.departure().takesNone()
                        ? HostState.DRAINING
                        : probe.accelerator() == null || !tracking.works() ? HostState.UNFIT : HostState.READY;
        return new Host(
                config.hostId(),
                config.role(),
                state,
                ShownVm.kind(probe.accelerator()),
                reason(tracking, probe),
                tracking.works() ? tracking.mechanism() : "none",
                services.admission().freeMemoryMib(),
                services.admission().freeDiskBytes() >> 20,
                new Versions(
                        Version.text(), System.getProperty("os.version", ""), probe.vmmVersion(), probe.machineType()),
                services.vms().owned().stream().map(HostedVm::id).toList(),
                services.evacuation().plan(),
                services.admission().capacity(),
                config.restAddress() == null ? null : config.restAddress().toString());
    }

    private String reason(Tracking tracking, VmmDriver.Probe probe) {
        if (services.departure().takesNone() && !services.evacuation().reason().isEmpty()) {
            return services.evacuation().reason();
        }
        return tracking.works() ? probe.reason() : tracking.reason();
    }

    @Override
    public List<Host> hosts() throws IOException {
        List<Host> hosts = new ArrayList<>();
        hosts.add(host());
        for (HostRecord other : services.peers().others()) {
            hosts.add(OtherHosts.shown(services.peers(), other));
        }
        return hosts;
    }

    @Override
    public Capabilities capabilities() {
        VmmDriver.@Nullable Probe probe = services.probeOrNull();
        Tracking tracking = services.tracking();
        return new Capabilities(
                List.of("v1"),
                Version.text(),
                probe == null ? null : ShownVm.kind(probe.accelerator()),
                tracking.works() ? tracking.mechanism() : "none",
                List.of(MoveMode.PRE_COPY, MoveMode.STOP_AND_COPY),
                services.cpuTemplates(),
                List.of(Feature.values()),
                Limits.STANDARD);
    }

    @Override
    public DrainPlan drain(DrainRequest request) throws IOException {
        if (edge != null) {
            edge.handOver();
        }
        Integer seconds = request.deadlineSeconds();
        return services.evacuation()
                .begin(seconds == null ? null : Instant.now().plus(Duration.ofSeconds(seconds)));
    }

    @Override
    public Exec startExec(String vm, ExecRequest request) throws IOException {
        return owned(vm).guest().startExec(request);
    }

    @Override
    public Exec exec(String vm, String execId) throws IOException {
        return owned(vm).guest().exec(execId);
    }

    @Override
    public ExecReader readExec(String vm, String execId, long stdoutOffset, long stderrOffset) throws IOException {
        return owned(vm).guest().read(execId, stdoutOffset, stderrOffset);
    }

    @Override
    public long writeStdin(String vm, String execId, long offset, InputStream body, boolean end) throws IOException {
        return owned(vm).guest().stdin(execId, offset, body, end);
    }

    @Override
    public void signalExec(String vm, String execId, SignalRequest signal) throws IOException {
        owned(vm).guest().signal(execId, signal);
    }

    @Override
    public void putFile(String vm, String path, int mode, InputStream body) throws IOException {
        owned(vm).guest().put(path, mode, body);
    }

    @Override
    public GuestFile getFile(String vm, String path) throws IOException {
        return owned(vm).guest().get(path);
    }

    @Override
    public Networks networks() {
        return services.networks();
    }

    @Override
    public VmTraffic traffic() {
        return services.traffic();
    }

    /** One that comes or goes right now is answered for in a moment, here or by its next owner. */
    private HostedVm owned(String vm) {
        Optional<HostedVm> owned = services.vms().owned(vm);
        if (owned.isEmpty() && services.vms().find(vm).isPresent()) {
            throw new Unavailable(
                    "VM " + vm + " is just arriving at host " + config.hostId() + " or leaving it; ask again.");
        }
        return owned.orElseThrow(() -> noSuch(vm));
    }

    private NotFound noSuch(String vm) {
        return new NotFound("There is no VM \"" + vm + "\" on host " + config.hostId()
                + "; 'godwit vm list' shows those that are.");
    }

    private Vm view(HostedVm hosted) {
        return ShownVm.of(hosted, config.hostId(), services);
    }

    /** Lets go of everything; VMs run on. */
    @Override
    public void close() throws IOException {
        services.close();
    }
}
