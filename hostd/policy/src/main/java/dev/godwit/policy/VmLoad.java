package dev.godwit.policy;

/**
 * What a VM weighs.
 *
 * @param memoryBytes its RAM, which the target must promise
 * @param residentBytes the part of the RAM that holds something, at most {@code memoryBytes}: what must be sent
 * @param overlayBytes what its disk has of its own: sent, and promised by the target
 * @param dirtyBytesPerSecond how fast it writes to memory and disk, counted once a page
 * @param vcpus 1 or more
 */
public record VmLoad(
        String vmId, long memoryBytes, long residentBytes, long overlayBytes, double dirtyBytesPerSecond, int vcpus) {
    public VmLoad {
        if (residentBytes < 0 || residentBytes > memoryBytes) {
            throw new IllegalArgumentException(
                    "vm " + vmId + ": resident " + residentBytes + " bytes is not between 0 and its " + memoryBytes);
        }
        if (overlayBytes < 0) {
            throw new IllegalArgumentException("vm " + vmId + ": overlay " + overlayBytes + " bytes is below 0");
        }
        if (!(dirtyBytesPerSecond >= 0) || Double.isInfinite(dirtyBytesPerSecond)) {
            throw new IllegalArgumentException(
                    "vm " + vmId + ": dirty rate " + dirtyBytesPerSecond + " bytes/s is not a number from 0 on");
        }
        if (vcpus < 1) {
            throw new IllegalArgumentException("vm " + vmId + ": " + vcpus + " vCPUs is below 1");
        }
    }

    /** All that has to be at the target before it may run the VM. */
    public long bytesToSend() {
        return residentBytes + overlayBytes;
    }
}
