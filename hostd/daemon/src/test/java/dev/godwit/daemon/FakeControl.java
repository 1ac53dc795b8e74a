package dev.godwit.daemon;

import dev.godwit.api.AcceleratorKind;
import dev.godwit.api.BuildImage;
import dev.godwit.api.Capabilities;
import dev.godwit.api.CreateVm;
import dev.godwit.api.DiskExport;
import dev.godwit.api.DrainPlan;
import dev.godwit.api.DrainRequest;
import dev.godwit.api.DrainStep;
import dev.godwit.api.EventType;
import dev.godwit.api.Exec;
import dev.godwit.api.ExecRequest;
import dev.godwit.api.Feature;
import dev.godwit.api.Host;
import dev.godwit.api.HostCapacity;
import dev.godwit.api.HostRole;
import dev.godwit.api.HostState;
import dev.godwit.api.Image;
import dev.godwit.api.ImagePushed;
import dev.godwit.api.ImageState;
import dev.godwit.api.LeaseRenewal;
import dev.godwit.api.Limits;
import dev.godwit.api.Move;
import dev.godwit.api.MoveMode;
import dev.godwit.api.ProblemCode;
import dev.godwit.api.SignalRequest;
import dev.godwit.api.Versions;
import dev.godwit.api.Vm;
import dev.godwit.api.VmState;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** A host whose VMs exist only in memory, with the rules of a real one: owners, fences, states, refusals. */
final class FakeControl implements Control {
    static final String DIGEST = "sha256:0000000000000000000000000000000000000000000000000000000000000001";
    private static final int MEMORY_MIB = 65_536;

    private final String host;
    private final FakeFleet fleet;
    private final EventLog events;
    private final FakeMoves moves;
    private final Map<String, Image> images = new ConcurrentHashMap<>();
    private volatile boolean closed;
    private volatile @Nullable DrainPlan drain;

    FakeControl(String host, FakeFleet fleet, EventLog events) {
        this(host, fleet, events, new FakePki(host));
    }

    FakeControl(String host, FakeFleet fleet, EventLog events, FleetPki pki) {
        this.host = host;
        this.fleet = fleet;
        this.events = events;
        this.moves = new FakeMoves(host, fleet, events);
        this.pki = pki;
        images.put("debian-ci", ready("debian-ci"));
    }

    private Image ready(String name) {
        return new Image(DIGEST, name, 1L << 30, Instant.EPOCH, ImageState.READY, host, null);
    }

    private final FleetPki pki;

    @Override
    public FleetPki pki() {
        return pki;
    }

    @Override
    public String hostId() {
        return host;
    }

    @Override
    public Owner ownerOf(String vm) {
        fleet.find(vm)
                .filter(found -> !found.host().equals(host) && !fleet.hosts.containsKey(found.host()))
                .ifPresent(lost -> {
                    throw new Conflict(
                            ProblemCode.VM_LOST, "VM " + vm + " is lost: its host " + lost.host() + " is gone.");
                });
        return fleet.find(vm)
                .<Owner>map(found -> found.host().equals(host)
                        ? new Owner.Local()
                        : new Owner.Remote(found.host(), Objects.requireNonNull(fleet.hosts.get(found.host()))))
                .orElseGet(Owner.Unknown::new);
    }

    @Override
    public List<OtherHost> otherHosts() {
        return fleet.hosts.entrySet().stream()
                .filter(other -> !other.getKey().equals(host))
                .map(other -> new OtherHost(other.getKey(), other.getValue()))
                .toList();
    }

    @Override
    public Networks networks() {
        return new Networks(fleet.store);
    }

    @Override
    public VmTraffic traffic() {
        return fleet.traffic.at(host);
    }

    @Override
    public Placement.Placed createVm(CreateVm request) throws OwnedElsewhere {
        RuntimeException refusal = fleet.refusing.get(host);
        if (refusal != null) {
            throw refusal;
        }
        if (request.key() != null) {
            Vm there = fleet.vms.get(VmOrigin.vmId(request));
            if (there != null && !there.host().equals(host)) {
                throw new OwnedElsewhere(there.id(), there.host());
            }
            if (there != null) {
                return new Placement.Placed(there, false);
            }
        }
        if (request.project() != null) {
            networks().forVm(request.project());
        }
        if (fleet.find(request.name()).isPresent()) {
            throw new Conflict(ProblemCode.NAME_TAKEN, "The name \"" + request.name() + "\" is taken; choose another.");
        }
        String digest = baseImage(request.image());
        if (fleet.full.contains(host) || request.memoryMib() > MEMORY_MIB) {
            throw new Refused(
                    ProblemCode.NO_ROOM,
                    "VM " + request.name() + " needs " + request.memoryMib() + " MiB of memory and " + host + " has "
                            + MEMORY_MIB + ".");
        }
        String id = request.key() == null ? "vm-" + fleet.ids.incrementAndGet() : VmOrigin.vmId(request);
        Vm vm = new Vm(
                id,
                request.name(),
                VmState.RUNNING,
                host,
                1,
                digest,
                request.vcpus(),
                request.memoryMib(),
                request.diskMib(),
                "10.77.0.2",
                "02:67:77:00:00:01",
                AcceleratorKind.TCG,
                request.owner(),
                request.key(),
                request.labels(),
                request.project() == null ? "default" : request.project(),
                request.leaseSeconds(),
                null);
        fleet.vms.put(id, vm);
        fleet.vmsMost.accumulateAndGet(fleet.vms.size(), Math::max);
        events.append(EventType.CREATING, id, null);
        events.append(EventType.RUNNING, id, null);
        return new Placement.Placed(vm, true);
    }

    @Override
    public Vm renewLease(String vm, LeaseRenewal renewal) {
        return vm(vm);
    }

    private String baseImage(String nameOrDigest) {
        return images.values().stream()
                .filter(image -> image.name().equals(nameOrDigest) || nameOrDigest.equals(image.digest()))
                .findFirst()
                .map(image -> String.valueOf(image.digest()))
                .orElseThrow(() -> new Refused(
                        ProblemCode.NO_BASE_IMAGE, "There is no image \"" + nameOrDigest + "\" here; push it first."));
    }

    @Override
    public List<Vm> vms() {
        return fleet.vms.values().stream().filter(vm -> vm.host().equals(host)).toList();
    }

    @Override
    public Vm vm(String vm) {
        return fleet.find(vm)
                .filter(found -> found.host().equals(host))
                .orElseThrow(() -> new NotFound("There is no VM \"" + vm + "\"; godwit vm list shows those that are."));
    }

    @Override
    public boolean writeOff(String vm) {
        Vm lost = fleet.find(vm).orElse(null);
        if (lost == null || lost.host().equals(host) || fleet.hosts.containsKey(lost.host())) {
            return false;
        }
        fleet.vms.remove(lost.id());
        return true;
    }

    @Override
    public boolean removeLost(String vm) {
        return writeOff(vm);
    }

    @Override
    public Optional<Vm> recordedVm(String vm) {
        return recordedVms().stream()
                .filter(one -> one.id().equals(vm) || one.name().equals(vm))
                .findFirst();
    }

    @Override
    public List<Vm> recordedVms() {
        return fleet.vms.values().stream()
                .map(vm -> FakeFleet.in(vm, fleet.hosts.containsKey(vm.host()) ? VmState.UNKNOWN : VmState.LOST))
                .toList();
    }

    @Override
    public void deleteVm(String vm) {
        String id = vm(vm).id();
        fleet.vms.remove(id);
        fleet.execs.values().removeIf(exec -> {
            boolean its = exec.vm().equals(id);
            if (its) {
                exec.signal("KILL");
            }
            return its;
        });
    }

    @Override
    public Vm claimVm(String vm) {
        Vm lost = fleet.find(vm).orElseThrow(() -> new NotFound("There is no VM \"" + vm + "\" in the fleet."));
        if (lost.host().equals(host) || fleet.hosts.containsKey(lost.host())) {
            throw new Conflict(
                    ProblemCode.CONFLICT, "VM " + vm + " belongs to host " + lost.host() + ", which is alive.");
        }
        fleet.own(lost.id(), host);
        return vm(vm);
    }

    @Override
    public Vm stopVm(String vm) {
        Vm stopped = FakeFleet.in(vm(vm), VmState.STOPPED);
        fleet.vms.put(stopped.id(), stopped);
        return stopped;
    }

    @Override
    public Ports ports() {
        return fleet.ports;
    }

    @Override
    public DiskExport exportDisk(String vm) {
        Vm found = vm(vm);
        if (found.state() != VmState.STOPPED) {
            throw new Conflict(
                    ProblemCode.CONFLICT, "VM " + found.name() + " is " + found.state() + "; stop it before its disk.");
        }
        return new DiskExport("/run/godwit/nbd.sock", found.id() + "@" + found.fence());
    }

    @Override
    public InputStream console(String vm) {
        return FakeFile.whole(("console of " + vm(vm).name() + "\n").getBytes(StandardCharsets.UTF_8))
                .content();
    }

    @Override
    public Move startMove(String vm, String target) {
        Vm found = vm(vm);
        if (!fleet.hosts.containsKey(target)) {
            throw new NotFound("There is no host \"" + target + "\"; there are " + fleet.hosts.keySet() + ".");
        }
        if (target.equals(host)) {
            throw new Refused(ProblemCode.REFUSED, "VM " + found.name() + " is on " + target + " already.");
        }
        return moves.start(found, target);
    }

    @Override
    public List<Move> moves() {
        return moves.all();
    }

    @Override
    public Move move(String id) {
        return moves.find(id).orElseThrow(() -> new NotFound("There is no move \"" + id + "\"."));
    }

    @Override
    public List<Image> images() {
        return new ArrayList<>(images.values());
    }

    @Override
    public Image image(String nameOrDigest) {
        return images.values().stream()
                .filter(image -> image.name().equals(nameOrDigest) || nameOrDigest.equals(image.digest()))
                .findFirst()
                .orElseThrow(() -> new NotFound("There is no image \"" + nameOrDigest + "\" on " + host + "."));
    }

    @Override
    public Image buildImage(BuildImage request) {
        if (!request.recipe().equals("debian-ci")) {
            throw new NotFound("There is no recipe \"" + request.recipe() + "\"; there is debian-ci.");
        }
        Image image = ready(request.name());
        images.put(request.name(), image);
        return image;
    }

    @Override
    public ImagePushed pushImage(String nameOrDigest, String target) {
        if (!fleet.hosts.containsKey(target)) {
            throw new NotFound("There is no host \"" + target + "\"; there are " + fleet.hosts.keySet() + ".");
        }
        return new ImagePushed(DIGEST, target, 1 << 20);
    }

    @Override
    public Host host() {
        return new Host(
                host,
                fleet.edges.contains(host) ? HostRole.EDGE : HostRole.HOST,
                drain == null ? HostState.READY : HostState.DRAINING,
                AcceleratorKind.TCG,
                "emulation",
                "pagemap-scan",
                MEMORY_MIB,
                100_000,
                new Versions("test", "6.18", "QEMU 7.2.22", "pc-q35-7.2"),
                vms().stream().map(Vm::id).toList(),
                drain,
                new HostCapacity(vms().size(), 256, 2, vms().size(), MEMORY_MIB),
                String.valueOf(fleet.hosts.get(host)));
    }

    @Override
    public List<Host> hosts() {
        return List.of(host());
    }

    @Override
    public Capabilities capabilities() {
        return new Capabilities(
                List.of("v1"),
                "test",
                AcceleratorKind.TCG,
                "pagemap-scan",
                List.of(MoveMode.PRE_COPY, MoveMode.STOP_AND_COPY),
                List.of("x86-64-v2-godwit1"),
                List.of(Feature.values()),
                Limits.STANDARD);
    }

    @Override
    public DrainPlan drain(DrainRequest request) {
        Instant now = Instant.now();
        DrainPlan plan = new DrainPlan(
                now,
                request.deadlineSeconds() == null ? null : now.plusSeconds(request.deadlineSeconds()),
                800,
                2000,
                vms().stream()
                        .map(vm -> new DrainStep(vm.id(), null, null, null, "no other host fits"))
                        .toList());
        drain = plan;
        return plan;
    }

    @Override
    public Exec startExec(String vm, ExecRequest request) {
        Vm found = vm(vm);
        if (found.state() != VmState.RUNNING && found.state() != VmState.MOVING) {
            throw new Conflict(ProblemCode.CONFLICT, "VM " + found.name() + " is " + found.state() + ", not running.");
        }
        String id = "e" + fleet.ids.incrementAndGet();
        FakeExec exec = new FakeExec(id, found.id(), request);
        fleet.execs.put(id, exec);
        return exec.record();
    }

    @Override
    public Exec exec(String vm, String execId) {
        return find(vm, execId).record();
    }

    private FakeExec find(String vm, String execId) {
        vm(vm);
        FakeExec exec = fleet.execs.get(execId);
        if (exec == null) {
            throw new NotFound("VM " + vm + " knows no command \"" + execId + "\".");
        }
        return exec;
    }

    @Override
    public ExecReader readExec(String vm, String execId, long stdoutOffset, long stderrOffset) {
        FakeExec exec = find(vm, execId);
        exec.attach(stdoutOffset, stderrOffset);
        long[] offsets = {stdoutOffset, stderrOffset};
        return new ExecReader() {
            @Override
            public Item next(Duration wait) throws IOException {
                if (closed || !fleet.find(vm).map(Vm::host).orElse("").equals(host)) {
                    throw new IOException("VM " + vm + " is not on " + host + " any more");
                }
                try {
                    return exec.next(offsets, wait, () -> closed);
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                    throw new InterruptedIOException("interrupted");
                }
            }

            @Override
            public void close() {
                exec.detach();
            }
        };
    }

    @Override
    public long writeStdin(String vm, String execId, long offset, InputStream body, boolean end) throws IOException {
        return find(vm, execId).feed(offset, body.readAllBytes(), end);
    }

    @Override
    public void signalExec(String vm, String execId, SignalRequest signal) {
        find(vm, execId).signal(signal.name());
    }

    @Override
    public void putFile(String vm, String path, int mode, InputStream body) throws IOException {
        fleet.files
                .computeIfAbsent(vm(vm).id(), any -> new ConcurrentHashMap<>())
                .put(path, body.readAllBytes());
    }

    @Override
    public GuestFile getFile(String vm, String path) throws IOException {
        byte[] content = fleet.files.getOrDefault(vm(vm).id(), Map.of()).get(path);
        if (content == null) {
            throw new NotFound("There is no file " + path + " in VM " + vm + ".");
        }
        return fleet.brokenFiles.contains(path) ? FakeFile.breakingOff(path, content) : FakeFile.whole(content);
    }

    @Override
    public void close() {
        closed = true;
    }
}
