package dev.godwit.api;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Asks for a new VM.
 *
 * @param name unique in the fleet
 * @param image name or digest of an image
 * @param vcpus 1 to 64
 * @param memoryMib RAM, 64 to 1,048,576 MiB
 * @param diskMib root disk, 64 to 16,777,216 MiB; never smaller than the image's file system
 * @param owner who asks, for example the id of a Jenkins controller; lists can be narrowed to it
 * @param key makes the request create-or-attach: one owner's key names one VM, however often and wherever it is asked for
 * @param labels at most 64; a key of letters, digits and . _ : / @ -, key and value at most 255 characters each
 * @param project whose network it is in; null: {@code default}
 * @param leaseSeconds the VM is ended when its lease is not renewed for so long, 10 to 604,800; null: it has no lease
 */
public record CreateVm(
        String name,
        String image,
        int vcpus,
        int memoryMib,
        int diskMib,
        @Nullable String owner,
        @Nullable String key,
        Map<String, String> labels,
        @Nullable Integer leaseSeconds,
        @Nullable String project) {
    /** What QEMU's machine types that we use allow a guest of any size we test. */
    public static final int VCPUS_MAX = 64;

    /** Below it the Debian cloud kernel does not boot. */
    public static final int MEMORY_MIB_MIN = 64;

    public static final int MEMORY_MIB_MAX = 1_048_576;
    public static final int DISK_MIB_MIN = 64;

    /** 16 TiB: ext4's limit with 4 KiB blocks. */
    public static final int DISK_MIB_MAX = 16_777_216;

    /** A caller that restarts needs some seconds until it renews again. */
    public static final int LEASE_SECONDS_MIN = 10;

    /** A week: a VM that outlives this without a word from its caller is forgotten. */
    public static final int LEASE_SECONDS_MAX = 604_800;

    public CreateVm(
            String name,
            String image,
            int vcpus,
            int memoryMib,
            int diskMib,
            @Nullable String owner,
            @Nullable String key,
            @Nullable Map<String, String> labels,
            @Nullable Integer leaseSeconds,
            @Nullable String project) {
        Require.name("VM name", name);
        Require.reference("image", image);
        Require.between("vcpus", vcpus, 1, VCPUS_MAX);
        Require.between("memoryMib", memoryMib, MEMORY_MIB_MIN, MEMORY_MIB_MAX);
        Require.between("diskMib", diskMib, DISK_MIB_MIN, DISK_MIB_MAX);
        if (owner != null) {
            Require.reference("owner", owner);
        }
        if (key != null) {
            Require.text("key", key, Require.LABEL_CHARACTERS_MAX);
        }
        if (leaseSeconds != null) {
            Require.between("leaseSeconds", leaseSeconds, LEASE_SECONDS_MIN, LEASE_SECONDS_MAX);
        }
        if (project != null) {
            Require.name("project", project);
        }
        this.name = name;
        this.image = image;
        this.vcpus = vcpus;
        this.memoryMib = memoryMib;
        this.diskMib = diskMib;
        this.owner = owner;
        this.key = key;
        this.labels = Require.labels(labels);
        this.leaseSeconds = leaseSeconds;
        this.project = project;
    }

    /** A VM of the default project. */
    public CreateVm(
            String name,
            String image,
            int vcpus,
            int memoryMib,
            int diskMib,
            @Nullable String owner,
            @Nullable String key,
            @Nullable Map<String, String> labels,
            @Nullable Integer leaseSeconds) {
        this(name, image, vcpus, memoryMib, diskMib, owner, key, labels, leaseSeconds, null);
    }

    /** A VM of the default project that nobody's key names, without labels and without a lease. */
    public CreateVm(String name, String image, int vcpus, int memoryMib, int diskMib) {
        this(name, image, vcpus, memoryMib, diskMib, null, null, Map.of(), null);
    }
}
