package dev.godwit.api;

/**
 * The bounds of a request for a VM.
 *
 * @param vcpusMax most vCPUs of a VM
 * @param memoryMibMax most memory of a VM
 * @param diskMibMax largest disk
 * @param leaseSecondsMin shortest lease
 * @param leaseSecondsMax longest lease
 */
public record Limits(int vcpusMax, int memoryMibMax, int diskMibMax, int leaseSecondsMin, int leaseSecondsMax) {
    /** Those of this version. */
    public static final Limits STANDARD = new Limits(
            CreateVm.VCPUS_MAX,
            CreateVm.MEMORY_MIB_MAX,
            CreateVm.DISK_MIB_MAX,
            CreateVm.LEASE_SECONDS_MIN,
            CreateVm.LEASE_SECONDS_MAX);
}
