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
import dev.godwit.net.Addresses;
import dev.godwit.net.Prefix;
import dev.godwit.vmm.VmmSpec;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** A bridge on one segment with the bridges of all other hosts: a VM's announcement tells it where the VM is. */
record SegmentNetwork(String bridge, Prefix subnet, String gateway) implements VmNetwork {
    static SegmentNetwork of(VmNetworkConfig config) {
        String bridge = config.bridge();
        String gateway = config.gateway();
        if (bridge == null || gateway == null) {
            throw new IllegalArgumentException("vm-network is a routed one");
        }
        return new SegmentNetwork(bridge, Prefix.parse(config.subnet()), gateway);
    }

    @Override
    public OwnershipRecord own(FleetStore store, NewOwnership vm, Network project)
            throws NameTaken, AddressTaken, OwnershipConflict, OutcomeUnknown, FleetStoreUnavailable {
        if (project.vni() != NewOwnership.VNI_DEFAULT) {
            throw new Refused(
                    ProblemCode.HOST_UNFIT,
                    "VM " + vm.name() + " is not made in project " + project.project()
                            + " here: this host joins all its"
                            + " VMs in the bridge " + bridge + ", which can't keep projects apart. Ask a host whose"
                            + " vm-network has an underlay-address.");
        }
        return new AddressPool(store, Subnet.parse(subnet.toString()), Set.of(gateway)).create(vm);
    }

    @Override
    public Optional<VmmSpec.TapSpec> device(VmRecord vm) {
        return Optional.of(new VmmSpec.TapSpec(TapDevice.of(vm.id()).interfaceName(), vm.mac()));
    }

    @Override
    public void plugIn(VmRecord vm) throws IOException {
        TapDevice.of(vm.id()).create(bridge);
    }

    @Override
    public void opened(VmRecord vm, long vmmPid) {}

    @Override
    public void plugInWaiting(VmRecord vm, Reservation move) throws IOException {
        plugIn(vm);
    }

    @Override
    public void waits(VmRecord vm, long vmmPid) {}

    @Override
    public void runs(VmRecord vm) {}

    @Override
    public void takeBack(VmRecord vm, long vmmPid) {}

    @Override
    public void giveUp(VmRecord vm) throws IOException {
        unplug(vm);
    }

    @Override
    public void unplug(VmRecord vm) throws IOException {
        TapDevice.of(vm.id()).delete();
    }

    @Override
    public Optional<GuestNetwork> identity(VmRecord vm) {
        if (vm.address().isEmpty()) {
            return Optional.empty();
        }
        return Optional.of(new GuestNetwork(
                vm.mac(),
                VmMtu.BYTES,
                List.of(new GuestNetwork.Address(Addresses.literal(vm.address()), subnet.length())),
                List.of(Addresses.literal(gateway)),
                Optional.empty()));
    }

    @Override
    public NetworkPort turning(MoveHost moves, Reservation reservation) {
        return NetworkPort.NONE;
    }

    @Override
    public boolean learnsByAnnouncement() {
        return true;
    }

    @Override
    public void close() {}
}
