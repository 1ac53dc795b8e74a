package dev.godwit.daemon;

import dev.godwit.api.HostCapacity;
import dev.godwit.api.ProblemCode;
import dev.godwit.replication.Replication;
import dev.godwit.vmm.Accelerator;
import dev.godwit.vmm.qemu.QemuDriver;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/**
 * What this host has promised to VMs. Guest RAM lies on a tmpfs, and a full tmpfs ends a VMM with SIGBUS; so memory is
 * promised by accounting, whole, before anything starts. Thread-safe.
 */
final class Admission {
    /** An overlay that can't grow at all stops its VM at the first write. */
    static final long DISK_HEADROOM_BYTES = 256L << 20;
    /** Uids of VMMs: one a VM, far above those of people and of containers' usual ranges. */
    private static final int FIRST_UID = 1_900_000;

    private static final int UIDS = 10_000;

    private final long memoryMib;
    private final int vmsMax;
    private final Path disk;
    private final Map<String, Integer> promisedMib = new HashMap<>();
    private final Map<String, Integer> vcpus = new HashMap<>();
    private final Map<String, Integer> uids = new HashMap<>();

    /**
     * @param memoryMib what all VMs together may take, their VMMs' overhead included
     * @param vmsMax cap on their number
     * @param disk a directory on the file system that holds overlays
     */
    Admission(long memoryMib, int vmsMax, Path disk) {
        this.memoryMib = memoryMib;
        this.vmsMax = vmsMax;
        this.disk = disk;
    }

    /** What the machine can give when nothing is configured: nine tenths of its memory. */
    static long machineMemoryMib() throws IOException {
        for (String line : Files.readAllLines(Path.of("/proc/meminfo"))) {
            if (line.startsWith("MemTotal:")) {
                return Long.parseLong(line.replaceAll("[^0-9]", "")) / 1024 * 9 / 10;
            }
        }
        throw new IOException("/proc/meminfo has no MemTotal");
    }

    /**
     * Promises memory and gives a uid.
     *
     * @param accelerator what runs the guest's instructions: emulation needs a cache, hardware more page tables
     * @param vmVcpus counted, not bounded: vCPUs may be more than hardware threads
     * @param bringsBytes what its disk brings along
     * @throws Refused which is lacking, and how much
     */
    synchronized int admit(String vmId, int vmVcpus, int vmMib, Accelerator accelerator, long bringsBytes)
            throws IOException {
        if (!promisedMib.containsKey(vmId) && promisedMib.size() >= vmsMax) {
            throw new Refused(
                    ProblemCode.NO_ROOM,
                    "This host has " + promisedMib.size() + " VMs and its cap (vms-max) is " + vmsMax
                            + "; remove or move VMs, or raise vms-max in its configuration.");
        }
        long free = freeMemoryMib();
        int overheadMib = overheadMib(vmMib, accelerator, bringsBytes);
        int needed = vmMib + overheadMib;
        if (needed > free) {
            throw new Refused(
                    ProblemCode.NO_ROOM,
                    "The VM needs " + needed + " MiB of memory (" + vmMib
                            + " MiB of RAM and " + overheadMib + " MiB for its VMM) and this host has " + free
                            + " of "
                            + memoryMib + " MiB free; remove or move VMs, or ask for less memory.");
        }
        long neededBytes = bringsBytes + DISK_HEADROOM_BYTES;
        long freeBytes = freeDiskBytes();
        if (neededBytes > freeBytes) {
            throw new Refused(
                    ProblemCode.NO_ROOM,
                    "The VM needs " + (neededBytes >> 20) + " MiB of disk and " + disk + " has " + (freeBytes >> 20)
                            + " MiB free; free some, or choose another host.");
        }
        promisedMib.put(vmId, needed);
        vcpus.put(vmId, vmVcpus);
        return uids.computeIfAbsent(vmId, id -> freeUid());
    }

    /** Takes a VM into account that an earlier hostd admitted. */
    synchronized void readmit(VmRecord vm) {
        promisedMib.put(vm.id(), vm.memoryMib() + overheadMib(vm.memoryMib(), vm.accelerator(), 0));
        vcpus.put(vm.id(), vm.vcpus());
        uids.put(vm.id(), vm.uid());
    }

    /**
     * What a VM takes beside its guest's RAM: its VMM, and here the hashes of its pages while it is moved, in MiB.
     *
     * @param bringsBytes what its disk brings along
     */
    static int overheadMib(int vmMib, Accelerator accelerator, long bringsBytes) {
        long tableBytes = Replication.tableBytes(((long) vmMib << 20) + bringsBytes);
        return QemuDriver.overheadMib(vmMib, accelerator) + (int) Math.ceilDiv(tableBytes, 1L << 20);
    }

    /** The VM is gone from this host. */
    synchronized void release(String vmId) {
        promisedMib.remove(vmId);
        vcpus.remove(vmId);
        uids.remove(vmId);
    }

    /** Ids of all VMs that were promised room. */
    synchronized Set<String> promised() {
        return Set.copyOf(promisedMib.keySet());
    }

    synchronized long freeMemoryMib() {
        return memoryMib
                - promisedMib.values().stream().mapToLong(Integer::longValue).sum();
    }

    /** What there is in all, and what of it is promised. */
    synchronized HostCapacity capacity() {
        return new HostCapacity(
                promisedMib.size(),
                vmsMax,
                Runtime.getRuntime().availableProcessors(),
                vcpus.values().stream().mapToInt(Integer::intValue).sum(),
                memoryMib);
    }

    long freeDiskBytes() throws IOException {
        return Files.getFileStore(disk).getUsableSpace();
    }

    private int freeUid() {
        Set<Integer> taken = new HashSet<>(uids.values());
        for (int uid = FIRST_UID; uid < FIRST_UID + UIDS; uid++) {
            if (!taken.contains(uid)) {
                return uid;
            }
        }
        throw new Refused(ProblemCode.NO_ROOM, "This host runs " + UIDS + " VMs, its bound; move some away.");
    }
}
