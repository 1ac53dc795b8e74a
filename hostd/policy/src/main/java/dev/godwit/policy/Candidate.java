package dev.godwit.policy;

import java.util.Optional;

/**
 * A host that could take VMs.
 *
 * @param freeMemoryBytes what it can promise, VMMs included
 * @param vmOverheadBytes what it promises to a VM's VMM beside the RAM
 * @param freeDiskBytes what it can promise for overlays, beside the room that it keeps for them to grow
 * @param bandwidthBytesPerSecond estimate of the link to it, above 0
 * @param reachable whether its hostd answers
 * @param leaving whether it is under notice or draining itself
 * @param cpuFits whether the VMs' CPU template runs on it
 */
public record Candidate(
        String hostId,
        long freeMemoryBytes,
        long vmOverheadBytes,
        long freeDiskBytes,
        double bandwidthBytesPerSecond,
        boolean reachable,
        boolean leaving,
        boolean cpuFits) {
    public Candidate {
        if (vmOverheadBytes < 0) {
            throw new IllegalArgumentException(
                    "host " + hostId + ": overhead of a VM " + vmOverheadBytes + " bytes is below 0");
        }
        if (!(bandwidthBytesPerSecond > 0) || Double.isInfinite(bandwidthBytesPerSecond)) {
            throw new IllegalArgumentException(
                    "host " + hostId + ": bandwidth " + bandwidthBytesPerSecond + " bytes/s is not a number above 0");
        }
    }

    /** Why the VM can't go here, as a part of a sentence; empty where it can. */
    Optional<String> obstacle(VmLoad vm) {
        if (!reachable) {
            return Optional.of("its hostd does not answer");
        }
        if (leaving) {
            return Optional.of("it is to be left itself");
        }
        if (!cpuFits) {
            return Optional.of("its CPU lacks flags that the VM's CPU template has");
        }
        if (freeMemoryBytes < needs(vm)) {
            return Optional.of("it has " + mib(freeMemoryBytes) + " of memory free, the VM needs " + mib(needs(vm)));
        }
        if (freeDiskBytes < vm.overlayBytes()) {
            return Optional.of(
                    "it has " + mib(freeDiskBytes) + " of disk free, the VM's overlay has " + mib(vm.overlayBytes()));
        }
        return Optional.empty();
    }

    /** What is left of this host after it has promised room for the VM. */
    Candidate without(VmLoad vm) {
        return new Candidate(
                hostId,
                freeMemoryBytes - needs(vm),
                vmOverheadBytes,
                freeDiskBytes - vm.overlayBytes(),
                bandwidthBytesPerSecond,
                reachable,
                leaving,
                cpuFits);
    }

    private long needs(VmLoad vm) {
        return vm.memoryBytes() + vmOverheadBytes;
    }

    private static String mib(long bytes) {
        return Math.round(bytes / 1048576.0) + " MiB";
    }
}
