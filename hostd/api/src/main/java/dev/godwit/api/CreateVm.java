package dev.godwit.api;

/**
 * Asks for a new VM.
 *
 * @param name unique in the fleet
 * @param image name or digest of an image
 * @param vcpus 1 to 64
 * @param memoryMib RAM, 64 to 1,048,576 MiB
 * @param diskMib root disk, 64 to 16,777,216 MiB; never smaller than the image's file system
 */
public record CreateVm(String name, String image, int vcpus, int memoryMib, int diskMib) {
    /** What QEMU's machine types that we use allow a guest of any size we test. */
    public static final int VCPUS_MAX = 64;

    /** Below it the Debian cloud kernel does not boot. */
    public static final int MEMORY_MIB_MIN = 64;

    public static final int MEMORY_MIB_MAX = 1_048_576;
    public static final int DISK_MIB_MIN = 64;

    /** 16 TiB: ext4's limit with 4 KiB blocks. */
    public static final int DISK_MIB_MAX = 16_777_216;

    public CreateVm {
        Require.name("VM name", name);
        Require.reference("image", image);
        Require.between("vcpus", vcpus, 1, VCPUS_MAX);
        Require.between("memoryMib", memoryMib, MEMORY_MIB_MIN, MEMORY_MIB_MAX);
        Require.between("diskMib", diskMib, DISK_MIB_MIN, DISK_MIB_MAX);
    }
}
