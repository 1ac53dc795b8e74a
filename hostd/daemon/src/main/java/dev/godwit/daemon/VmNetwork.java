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
import java.io.IOException;
import java.util.Optional;

/** What the VMs of this host are connected to. Every call may be repeated without harm. Thread-safe. */
interface VmNetwork extends AutoCloseable {
    /**
     * Writes a new VM's record, with an address where the network has addresses.
     *
     * @param project the network of the VM's project
     * @throws Refused the VMs of this host can't be in it
     */
    OwnershipRecord own(FleetStore store, NewOwnership vm, Network project)
            throws NameTaken, AddressTaken, OwnershipConflict, OutcomeUnknown, FleetStoreUnavailable;

    /** The device that the VM's VMM opens; empty for a VM without a network. */
    Optional<VmmSpec.TapSpec> device(VmRecord vm);

    /** Makes the device, or takes the one an earlier hostd left. The VM boots here: it is heard and reached at once. */
    void plugIn(VmRecord vm) throws IOException;

    /** The VMM of a VM that boots has opened the device. */
    void opened(VmRecord vm, long vmmPid);

    /** Makes the device of a VM that arrives: what comes for it waits until {@link #runs}. */
    void plugInWaiting(VmRecord vm, Reservation move) throws IOException;

    /** The VMM has opened the device and waits for the VM's state. */
    void waits(VmRecord vm, long vmmPid) throws IOException;

    /** The VM goes on here: it is heard, and what waits for it goes to it. Lies in the blackout of a move. */
    void runs(VmRecord vm) throws IOException;

    /** hostd was started and takes the VM back as it was left. */
    void takeBack(VmRecord vm, long vmmPid) throws IOException;

    /** The VM that was to arrive does not come: what waits for it is kept until its source has fetched it. */
    void giveUp(VmRecord vm) throws IOException;

    /** Takes the device away; what comes for the VM is no longer taken here. */
    void unplug(VmRecord vm) throws IOException;

    /** What the guest's network card is to be; empty where nothing is to be set. */
    Optional<GuestNetwork> identity(VmRecord vm);

    /** How the source of a move turns the VM's packets to the target and back. */
    NetworkPort turning(MoveHost moves, Reservation reservation);

    /** Whether a VM that has arrived must announce itself, for the network to learn where it is. */
    boolean learnsByAnnouncement();

    /** Lets go of what this process holds; VMs go on being heard and reached. */
    @Override
    void close() throws IOException;
}
