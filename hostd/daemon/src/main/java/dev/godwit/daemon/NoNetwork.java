package dev.godwit.daemon;

import dev.godwit.api.Network;
import dev.godwit.fleet.AddressTaken;
import dev.godwit.fleet.FleetStore;
import dev.godwit.fleet.FleetStoreUnavailable;
import dev.godwit.fleet.NameTaken;
import dev.godwit.fleet.NewOwnership;
import dev.godwit.fleet.OutcomeUnknown;
import dev.godwit.fleet.OwnershipConflict;
import dev.godwit.fleet.OwnershipRecord;
import dev.godwit.guest.GuestNetwork;
import dev.godwit.move.MoveHost;
import dev.godwit.move.NetworkPort;
import dev.godwit.move.Reservation;
import dev.godwit.vmm.VmmSpec;
import java.util.Optional;

/** VMs are connected to nothing. */
record NoNetwork() implements VmNetwork {
    @Override
    public OwnershipRecord own(FleetStore store, NewOwnership vm, Network project)
            throws NameTaken, AddressTaken, OwnershipConflict, OutcomeUnknown, FleetStoreUnavailable {
        return store.create(vm);
    }

    @Override
    public Optional<VmmSpec.TapSpec> device(VmRecord vm) {
        return Optional.empty();
    }

    @Override
    public void plugIn(VmRecord vm) {}

    @Override
    public void opened(VmRecord vm, long vmmPid) {}

    @Override
    public void plugInWaiting(VmRecord vm, Reservation move) {}

    @Override
    public void waits(VmRecord vm, long vmmPid) {}

    @Override
    public void runs(VmRecord vm) {}

    @Override
    public void takeBack(VmRecord vm, long vmmPid) {}

    @Override
    public void giveUp(VmRecord vm) {}

    @Override
    public void unplug(VmRecord vm) {}

    @Override
    public Optional<GuestNetwork> identity(VmRecord vm) {
        return Optional.empty();
    }

    @Override
    public NetworkPort turning(MoveHost moves, Reservation reservation) {
        return NetworkPort.NONE;
    }

    @Override
    public boolean learnsByAnnouncement() {
        return false;
    }

    @Override
    public void close() {}
}
