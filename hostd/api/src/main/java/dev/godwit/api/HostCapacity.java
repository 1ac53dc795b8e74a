package dev.godwit.api;

/**
 * What a host has in all for VMs, and the cap on them. What is free stands beside it in {@link Host}.
 *
 * @param vms that are there, arriving ones included
 * @param vmsMax cap on their number
 * @param cpus hardware threads; vCPUs may be more
 * @param vcpus of all VMs that are there
 * @param memoryMib what all VMs together may take
 */
public record HostCapacity(int vms, int vmsMax, int cpus, int vcpus, long memoryMib) {
    public HostCapacity {
        Require.notNegative("vms", vms);
        Require.notNegative("vmsMax", vmsMax);
        Require.notNegative("memoryMib", memoryMib);
    }
}
