package dev.godwit.lab.warm;

/**
 * How large a guest is.
 *
 * @param vcpus virtual CPUs, 1 to 64
 * @param memoryMib RAM in MiB
 * @param diskMib the root disk, at least the image's 3072 MiB
 */
public record GuestShape(int vcpus, int memoryMib, int diskMib) {
    /** What most tests need. */
    public static final GuestShape SMALL = new GuestShape(1, 256, 3072);

    /** As small with two virtual CPUs. */
    public static final GuestShape TWO_CPUS = new GuestShape(2, 256, 3072);

    public GuestShape {
        if (vcpus < 1 || vcpus > 64 || memoryMib < 128 || diskMib < 1) {
            throw new IllegalArgumentException("a guest of " + vcpus + " vCPUs, " + memoryMib + " MiB of RAM and "
                    + diskMib + " MiB of disk is not within 1 to 64 vCPUs, 128 MiB and 1 MiB");
        }
    }

    long diskBytes() {
        return (long) diskMib << 20;
    }
}
