package dev.godwit.daemon;

import dev.godwit.vmm.Accelerator;

/**
 * What a host has to remember of a VM to take it back after a restart; written before anything is started.
 *
 * @param id unique in the fleet
 * @param name unique in the fleet, chosen by the user
 * @param image digest of the base image
 * @param vcpus 1..64
 * @param memoryMib RAM in MiB
 * @param diskMib size of the disk in MiB
 * @param address the VM's IPv4 address, empty without a network
 * @param mac hardware address that belongs to the address
 * @param uid user id of the VMM on this host
 * @param accelerator what runs the guest's instructions
 * @param cpuTemplate name of the CPU template
 * @param machineType versioned machine type of the VMM
 * @param fence the fence this host holds the VM under
 * @param origin who asked for it
 * @param phase where the VM stands on this host
 */
record VmRecord(
        String id,
        String name,
        String image,
        int vcpus,
        int memoryMib,
        int diskMib,
        String address,
        String mac,
        int uid,
        Accelerator accelerator,
        String cpuTemplate,
        String machineType,
        long fence,
        VmOrigin origin,
        Phase phase) {
    /** A record that an older hostd wrote does not say who asked. */
    VmRecord {
        origin = origin == null ? VmOrigin.NONE : origin;
    }

    /** Where a VM stands on one host. */
    enum Phase {
        /** Being started; a restart of hostd removes it. */
        CREATING,
        /** This host runs it. */
        RUNNING,
        /** Its guest was shut down; the disk stays. */
        STOPPED,
        /** It is on its way here; the move's journal says how far. */
        ARRIVING,
        /** It was given away; kept paused until RELEASE. */
        GIVEN,
        /** Its VMM is gone without having been told to. */
        LOST
    }

    /** The size of its disk. */
    long diskBytes() {
        return (long) diskMib << 20;
    }

    VmRecord with(Phase newPhase, long newFence) {
        return with(newPhase, newFence, origin);
    }

    VmRecord with(VmOrigin newOrigin) {
        return with(phase, fence, newOrigin);
    }

    VmRecord with(Phase newPhase) {
        return with(newPhase, fence, origin);
    }

    private VmRecord with(Phase newPhase, long newFence, VmOrigin newOrigin) {
        return new VmRecord(
                id,
                name,
                image,
                vcpus,
                memoryMib,
                diskMib,
                address,
                mac,
                uid,
                accelerator,
                cpuTemplate,
                machineType,
                newFence,
                newOrigin,
                newPhase);
    }
}
