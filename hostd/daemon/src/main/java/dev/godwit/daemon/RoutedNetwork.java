package dev.godwit.daemon;

import dev.godwit.api.Network;
import dev.godwit.api.ProblemCode;
import dev.godwit.fleet.AddressPool;
import dev.godwit.fleet.AddressTaken;
import dev.godwit.fleet.FleetStore;
import dev.godwit.fleet.FleetStoreUnavailable;
import dev.godwit.fleet.NameTaken;
import dev.godwit.fleet.NewOwnership;
import dev.godwit.fleet.OutcomeUnknown;
import dev.godwit.fleet.OwnershipConflict;
import dev.godwit.fleet.OwnershipRecord;
import dev.godwit.fleet.Subnet;
import dev.godwit.guest.GuestNetwork;
import dev.godwit.move.MoveHost;
import dev.godwit.move.NetworkPort;
import dev.godwit.move.Reservation;
import dev.godwit.move.RoutedSwitch;
import dev.godwit.net.Gateway;
import dev.godwit.net.HeldFrames;
import dev.godwit.net.HostNetwork;
import dev.godwit.net.MacAddress;
import dev.godwit.net.OpenFlow;
import dev.godwit.net.PortState;
import dev.godwit.net.Prefix;
import dev.godwit.net.VmAddress;
import dev.godwit.net.VmPort;
import dev.godwit.net.VmPortSpec;
import dev.godwit.vmm.VmmSpec;
import java.io.IOException;
import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The data plane: VMs have addresses that stay true on every host, and hosts need nothing in common but a route to each
 * other. Each VM has a seat here: its port in the kernel and what a move holds of it.
 */
final class RoutedNetwork implements VmNetwork {
    private static final Logger log = LoggerFactory.getLogger(RoutedNetwork.class);
    /** What is on its way when the source says that it delivers again is here within it. */
    private static final Duration STRAGGLERS = Duration.ofSeconds(2);
    /** A source that was down for longer finds its guest's connections timed out anyway. */
    private static final Duration KEPT_FOR_SOURCE = Duration.ofMinutes(10);

    private final HostNetwork host;
    private final Optional<Tunnels> tunnels;
    private final VmAddresses addresses;
    private final Map<String, Seat> seats = new ConcurrentHashMap<>();
    private final RoutedTraffic traffic;
    private volatile VmRules rules;
    private volatile @Nullable Function<Reservation, RoutedSteps> steps;

    /** @param closed what VMs may not reach as long as nothing else is known */
    RoutedNetwork(
            HostNetwork host,
            Optional<Tunnels> tunnels,
            VmAddresses addresses,
            List<Prefix> closed,
            RoutedTraffic traffic) {
        this.host = host;
        this.tunnels = tunnels;
        this.addresses = addresses;
        this.traffic = traffic;
        this.rules = VmRules.of(closed);
    }

    /** Told once, before the first VM: what VMs may reach, and how the source of a move turns an address. */
    void join(VmRules rulesNow, Function<Reservation, RoutedSteps> made) {
        rules = rulesNow;
        steps = made;
    }

    /** What this host guards has changed. */
    void tellRules() {
        seats.forEach((vmId, seat) -> {
            try {
                seat.follow(rules, host.maps().connections());
            } catch (IOException e) {
                log.warn("vm {} keeps its former policy: {}", vmId, e.getMessage());
            }
        });
    }

    /** What the VMs of a project may do has changed. */
    void tellRules(String project) throws IOException {
        for (Seat seat : seats.values()) {
            if (seat.project.equals(project)) {
                seat.follow(rules, host.maps().connections());
            }
        }
    }

    VmTraffic traffic() {
        return traffic;
    }

    HostNetwork host() {
        return host;
    }

    /** Empty where the network between the hosts is trusted. */
    Optional<Tunnels> tunnels() {
        return tunnels;
    }

    VmAddresses addresses() {
        return addresses;
    }

    @Override
    public OwnershipRecord own(FleetStore store, NewOwnership vm, Network project)
            throws NameTaken, AddressTaken, OwnershipConflict, OutcomeUnknown, FleetStoreUnavailable {
        Prefix subnet = project.subnet() == null ? addresses.subnet() : Prefix.parse(project.subnet());
        if (!addresses.subnet().covers(subnet)) {
            throw new Refused(
                    ProblemCode.REFUSED,
                    "Project " + project.project() + " has the subnet " + subnet
                            + ", which is not a part of the fleet's " + addresses.subnet() + "; 'godwit net set "
                            + project.project() + " --subnet' changes it.");
        }
        return new AddressPool(store, Subnet.parse(subnet.toString()), Set.of()).create(vm);
    }

    @Override
    public Optional<VmmSpec.TapSpec> device(VmRecord vm) {
        return vm.address().isEmpty()
                ? Optional.empty()
                : Optional.of(new VmmSpec.TapSpec(TapDevice.of(vm.id()).interfaceName(), vm.mac()));
    }

    private VmPortSpec spec(VmRecord vm, VmRules.Rules now) {
        return new VmPortSpec(
                vm.id(),
                vm.origin().vni(),
                MacAddress.parse(vm.mac()),
                addresses.of(vm.address()),
                TapDevice.of(vm.id()).interfaceName(),
                vm.uid(),
                VmMtu.BYTES,
                VmPortSpec.QUEUE_FRAMES,
                now.policy(),
                now.rate(),
                now.sendRate());
    }

    @Override
    public void plugIn(VmRecord vm) throws IOException {
        if (!vm.address().isEmpty()) {
            seat(vm, "").port.live();
        }
    }

    @Override
    public void opened(VmRecord vm, long vmmPid) {
        find(vm.id()).ifPresent(seat -> seat.heldBy(vmmPid));
    }

    @Override
    public void plugInWaiting(VmRecord vm, Reservation move) throws IOException {
        if (!vm.address().isEmpty()) {
            seat(vm, move.moveId());
        }
    }

    /** A new seat. What waits in the one of a move that was given up waits in the new one. */
    private Seat seat(VmRecord vm, String moveId) throws IOException {
        Seat former = seats.remove(vm.id());
        HeldFrames waiting = HeldFrames.none();
        if (former != null) {
            traffic.left(vm.id());
            synchronized (former) {
                waiting = former.holds && former.vmm != null && !former.fetched ? former.port.heldFrames() : waiting;
                former.leave(host);
            }
        }
        VmRules.Rules now = rules.of(vm.origin().project());
        Seat seat = new Seat(host.createPort(spec(vm, now)), vm.origin().project(), addressesOf(vm), now);
        seat.moveId = moveId;
        seat.held.addAll(waiting.frames());
        sit(vm, seat);
        return seat;
    }

    private void sit(VmRecord vm, Seat seat) throws IOException {
        seats.put(vm.id(), seat);
        traffic.came(vm.id(), seat.addresses, seat.port::capture);
        // They may have changed between the look at them and the seat that is told of changes.
        seat.follow(rules, host.maps().connections());
    }

    @Override
    public void waits(VmRecord vm, long vmmPid) throws IOException {
        Optional<Seat> seat = find(vm.id());
        if (seat.isPresent()) {
            seat.get().waitsWith(vmmPid);
        }
    }

    @Override
    public void runs(VmRecord vm) throws IOException {
        deliver(vm.id());
    }

    @Override
    public void takeBack(VmRecord vm, long vmmPid) throws IOException {
        if (vm.address().isEmpty() || seats.containsKey(vm.id())) {
            return;
        }
        VmRules.Rules now = rules.of(vm.origin().project());
        VmPort port;
        try {
            port = host.reopenPort(spec(vm, now));
        } catch (IOException lost) {
            // The VM is more than its network: it is taken back all the same.
            log.error("vm {} is neither heard nor reached until it is moved: {}", vm.id(), lost.getMessage());
            return;
        }
        Seat seat = new Seat(port, vm.origin().project(), addressesOf(vm), now);
        sit(vm, seat);
        seat.heldBy(vmmPid);
        Optional<PortState> state = port.state();
        if (vm.phase() == VmRecord.Phase.ARRIVING && (state.isEmpty() || state.get() == PortState.HOLD)) {
            seat.holds = state.isPresent();
            waits(vm, vmmPid);
        }
    }

    /**
     * Takes away what an earlier hostd left and no VM has: the port of one that was given up goes later than its record.
     *
     * @param vmIds of all records here, those too whose VM could not be taken back yet
     */
    void removeStrays(Set<String> vmIds) throws IOException {
        host.removeStrayPorts(
                vmIds.stream().map(vmId -> TapDevice.of(vmId).interfaceName()).collect(Collectors.toSet()));
    }

    @Override
    public void giveUp(VmRecord vm) {
        Seat seat = seats.get(vm.id());
        if (seat == null) {
            return;
        }
        synchronized (seat) {
            seat.abandoned = true;
            removeAfter(seat.fetched ? STRAGGLERS : seat.holds ? KEPT_FOR_SOURCE : Duration.ZERO, vm.id(), seat);
        }
    }

    private void removeAfter(Duration wait, String vmId, Seat seat) {
        Thread.ofVirtual().name("port-" + vmId).start(() -> {
            try {
                Thread.sleep(wait);
                remove(vmId, seat);
            } catch (IOException e) {
                log.warn("the port of vm {} stays until its next arrival: {}", vmId, e.getMessage());
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
    }

    private void remove(String vmId, Seat seat) throws IOException {
        if (seats.remove(vmId, seat)) {
            traffic.left(vmId);
            synchronized (seat) {
                seat.leave(host);
            }
        }
    }

    @Override
    public void unplug(VmRecord vm) throws IOException {
        if (vm.address().isEmpty()) {
            return;
        }
        Seat seat = seats.get(vm.id());
        if (seat != null) {
            remove(vm.id(), seat);
        } else {
            removeLeft(vm);
        }
        for (VmAddress address : addressesOf(vm)) {
            host.maps().connections().remove(address);
        }
    }

    /** The port of a VM that an earlier hostd had and this one did not take back. */
    private void removeLeft(VmRecord vm) throws IOException {
        VmPort left;
        try {
            left = host.reopenPort(spec(vm, rules.of(vm.origin().project())));
        } catch (IOException none) {
            TapDevice.of(vm.id()).delete();
            return;
        }
        host.removePort(left);
    }

    private List<VmAddress> addressesOf(VmRecord vm) {
        return addresses.of(vm.address()).stream()
                .map(address -> new VmAddress(vm.origin().vni(), address))
                .toList();
    }

    @Override
    public Optional<GuestNetwork> identity(VmRecord vm) {
        if (vm.address().isEmpty()) {
            return Optional.empty();
        }
        List<InetAddress> own = addresses.of(vm.address());
        return Optional.of(new GuestNetwork(
                vm.mac(),
                VmMtu.BYTES,
                own.stream()
                        .map(address -> new GuestNetwork.Address(address, address.getAddress().length * Byte.SIZE))
                        .toList(),
                own.size() > 1 ? List.of(Gateway.V4, Gateway.V6) : List.of(Gateway.V4),
                Optional.of(Gateway.V4)));
    }

    @Override
    public boolean learnsByAnnouncement() {
        return false;
    }

    @Override
    public NetworkPort turning(MoveHost moves, Reservation reservation) {
        Function<Reservation, RoutedSteps> made = steps;
        if (made == null) {
            throw new IllegalStateException("no move begins before this host knows its fleet");
        }
        return new RoutedSwitch(moves, reservation, made.apply(reservation));
    }

    // What a move asks of the source's seat

    /** Takes hold of the VM's queue, before the fleet sends elsewhere. */
    void armToLeave(String vmId, long vmmPid) throws IOException {
        Seat seat = require(vmId);
        synchronized (seat) {
            seat.port.armToLeave(seat.hold(vmmPid));
        }
    }

    void forward(String vmId, InetAddress to) throws IOException {
        Seat seat = require(vmId);
        synchronized (seat) {
            seat.port.forward(to);
        }
    }

    /** Waits until the guest has taken what had come; what it did not take. */
    HeldFrames drain(String vmId) throws IOException {
        Seat seat = require(vmId);
        synchronized (seat) {
            HeldFrames left = seat.port.drained(VmPort.DRAIN_WITHIN) ? HeldFrames.none() : seat.port.takeLeftovers();
            seat.letGo();
            return left;
        }
    }

    /** Delivers to the guest again; a VM that has no seat here any more has no guest either. */
    void deliver(String vmId) throws IOException {
        Optional<Seat> seat = find(vmId);
        if (seat.isPresent()) {
            synchronized (seat.get()) {
                seat.get().port.live();
                seat.get().letGo();
            }
        }
    }

    void inject(String vmId, HeldFrames frames) throws IOException {
        Seat seat = require(vmId);
        synchronized (seat) {
            seat.port.inject(frames);
        }
    }

    /** The flows of a VM that policy has let pass. */
    List<OpenFlow> flows(String vmId) throws IOException {
        List<OpenFlow> flows = new ArrayList<>();
        for (VmAddress address : require(vmId).addresses) {
            flows.addAll(host.maps().connections().of(address));
        }
        return flows;
    }

    // What the source asks of the target's seat

    /** Takes flows over, so that answers to them pass here too, and holds what comes for the VM from here on. */
    void flows(NetCalls.Flows call) throws IOException {
        Seat seat = require(call.vmId(), call.moveId());
        List<VmAddress> own = seat.addresses;
        List<OpenFlow> flows = call.flows().stream().map(NetCalls.Flow::open).toList();
        if (!flows.stream().allMatch(flow -> own.contains(flow.key().vm()))) {
            throw new IOException("move " + call.moveId() + " brings flows of another vm");
        }
        host.maps().connections().add(flows);
        synchronized (seat) {
            if (seat.vmm == null || seat.abandoned || seat.passesOn) {
                throw new IOException("vm " + call.vmId() + " does not arrive here any more");
            }
            seat.holds = true;
            seat.port.hold();
        }
    }

    void carry(NetCalls.Carry call) throws IOException {
        Seat seat = require(call.vmId(), call.moveId());
        synchronized (seat) {
            seat.port.inject(new HeldFrames(call.frames()));
        }
    }

    /** What waits here for a VM that does not come. */
    NetCalls.Fetched fetch(NetCalls.Fetch call, InetAddress source) throws IOException {
        Seat seat = seats.get(call.vmId());
        if (seat == null || !isOf(seat, call.moveId())) {
            return new NetCalls.Fetched(call.count(), call.from(), List.of(), false);
        }
        synchronized (seat) {
            while (seat.count.equals(call.count()) && seat.heldFirst < call.from() && !seat.held.isEmpty()) {
                seat.held.removeFirst();
                seat.heldFirst++;
            }
            if (call.last()) {
                seat.passesOn = true;
                seat.port.forward(source);
            }
            if (seat.vmm != null) {
                seat.held.addAll(seat.port.heldFrames().frames());
            }
            List<byte[]> frames = new ArrayList<>();
            long bytes = 0;
            for (byte[] frame : seat.held) {
                bytes += frame.length;
                if (bytes > NetCalls.FRAME_BYTES_MOST) {
                    break;
                }
                frames.add(frame);
            }
            boolean more = frames.size() < seat.held.size();
            seat.fetched |= call.last() && !more;
            if (seat.fetched && seat.abandoned) {
                removeAfter(STRAGGLERS, call.vmId(), seat);
            }
            return new NetCalls.Fetched(seat.count, seat.heldFirst, frames, more);
        }
    }

    private static boolean isOf(Seat seat, String moveId) {
        return seat.moveId.isEmpty() || seat.moveId.equals(moveId);
    }

    private Optional<Seat> find(String vmId) {
        return Optional.ofNullable(seats.get(vmId));
    }

    private Seat require(String vmId) throws IOException {
        return find(vmId).orElseThrow(() -> new IOException("vm " + vmId + " has no port on this host"));
    }

    private Seat require(String vmId, String moveId) throws IOException {
        Seat seat = require(vmId);
        if (!isOf(seat, moveId)) {
            throw new IOException("the port of vm " + vmId + " does not wait for move " + moveId);
        }
        return seat;
    }

    @Override
    public void close() {
        traffic.close();
        seats.values().forEach(Seat::close);
        host.close();
    }
}
