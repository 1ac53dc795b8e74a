package dev.godwit.vmm;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;

/**
 * The control groups of a host: one directory {@code godwit/HOST-ID/VM} a VM in every hierarchy that matters, version 1 or
 * 2. Thread-safe.
 *
 * <p>Source: Documentation/admin-guide/cgroup-v1 and cgroup-v2.rst of Linux.
 */
public final class Cgroups {
    /** Controllers that a VM is put under; {@code cpuacct} only counts. */
    private static final List<String> V1_CONTROLLERS = List.of("cpu", "cpuacct", "memory", "pids", "freezer");
    /** Controllers without which a VM is not bounded. */
    private static final List<String> NEEDED = List.of("memory", "pids");

    private static final List<String> V2_CONTROLLERS = List.of("cpu", "memory", "pids");

    private final String hostId;
    /** Controllers to mount point; version 2 has the one key {@code unified}. */
    private final Map<String, Path> hierarchies;

    private final boolean unified;

    private Cgroups(String hostId, Map<String, Path> hierarchies, boolean unified) {
        if (!hostId.matches("[A-Za-z0-9][A-Za-z0-9._-]{0,63}")) {
            throw new IllegalArgumentException(
                    "host id " + hostId + " is not 1 to 64 letters, digits, dots, dashes and underscores");
        }
        this.hostId = hostId;
        this.hierarchies = hierarchies;
        this.unified = unified;
    }

    /**
     * Finds what this machine has mounted.
     *
     * @throws IOException neither version offers memory and pids; the message says what was found
     */
    public static Cgroups detect(String hostId) throws IOException {
        return detect(hostId, Path.of("/proc/self/mountinfo"));
    }

    /** As {@link #detect(String)}, from a file in the format of {@code /proc/PID/mountinfo}. */
    static Cgroups detect(String hostId, Path mountInfo) throws IOException {
        Map<String, Path> v1 = new LinkedHashMap<>();
        List<Path> v2 = new ArrayList<>();
        for (String line : Files.readAllLines(mountInfo)) {
            int dash = line.indexOf(" - ");
            String[] fields = line.substring(0, dash).split(" ", -1);
            String[] kind = line.substring(dash + 3).split(" ", -1);
            Path mountPoint = Path.of(fields[4].replace("\\040", " "));
            if (kind[0].equals("cgroup2")) {
                v2.add(mountPoint);
            } else if (kind[0].equals("cgroup")) {
                for (String option : kind[2].split(",", -1)) {
                    if (V1_CONTROLLERS.contains(option)) {
                        v1.putIfAbsent(option, mountPoint);
                    }
                }
            }
        }
        for (Path mountPoint : v2) {
            List<String> offered = words(mountPoint.resolve("cgroup.controllers"));
            if (offered.containsAll(NEEDED)) {
                return new Cgroups(hostId, Map.of("unified", mountPoint), true);
            }
        }
        if (v1.keySet().containsAll(NEEDED)) {
            return new Cgroups(hostId, v1, false);
        }
        throw new IOException("this machine offers no control groups with memory and pids: version 1 has " + v1.keySet()
                + ", version 2 is mounted at " + v2 + ". Mount cgroup2 at /sys/fs/cgroup");
    }

    /** 1 or 2. */
    public int version() {
        return unified ? 2 : 1;
    }

    /**
     * Makes the directories of a VM and sets its limits.
     *
     * @param name of the VM, below the host's
     * @param memoryBytesMax guest RAM and the VMM's own
     * @param pidsMax threads of the VMM
     * @throws IOException no write access, or the name is taken by running processes; nothing is left behind
     */
    public VmCgroup create(String name, long memoryBytesMax, int pidsMax) throws IOException {
        VmCgroup group = open(name);
        try {
            for (Path mountPoint : List.copyOf(new LinkedHashSet<>(hierarchies.values()))) {
                makeBelow(mountPoint, name);
            }
            if (group.processes() > 0) {
                throw new IOException("control group " + name + " of host " + hostId + " has " + group.processes()
                        + " processes in it already");
            }
            group.limit(memoryBytesMax, pidsMax);
            return group;
        } catch (IOException refused) {
            group.removeIfEmpty();
            throw new IOException(
                    "making control group godwit/" + hostId + "/" + name + " with " + memoryBytesMax
                            + " bytes of memory failed: " + refused.getMessage()
                            + ". hostd needs write access to the machine's own cgroup mount: run it as root",
                    refused);
        }
    }

    /** The control group of a VM that an earlier hostd made. */
    public VmCgroup open(String name) {
        if (!name.matches("[A-Za-z0-9][A-Za-z0-9._-]{0,127}")) {
            throw new IllegalArgumentException(
                    "control group " + name + " is not 1 to 128 letters, digits, dots, dashes and underscores");
        }
        Map<String, Path> directories = new LinkedHashMap<>();
        hierarchies.forEach((controller, mountPoint) -> directories.put(
                controller, mountPoint.resolve("godwit").resolve(hostId).resolve(name)));
        return new VmCgroup(name, directories, unified);
    }

    private void makeBelow(Path mountPoint, String name) throws IOException {
        Path directory = mountPoint;
        for (String step : List.of("godwit", hostId, name)) {
            if (unified) {
                enableControllers(directory);
            }
            directory = directory.resolve(step);
            Files.createDirectories(directory);
        }
    }

    /** Passes the controllers on to the directories below, as far as this directory has them. */
    private static void enableControllers(Path directory) throws IOException {
        List<String> offered = words(directory.resolve("cgroup.controllers"));
        List<String> enabled = words(directory.resolve("cgroup.subtree_control"));
        for (String controller : V2_CONTROLLERS) {
            if (offered.contains(controller) && !enabled.contains(controller)) {
                try {
                    Files.writeString(directory.resolve("cgroup.subtree_control"), "+" + controller);
                } catch (FileSystemException refused) {
                    if (NEEDED.contains(controller)) {
                        throw refused;
                    }
                }
            }
        }
    }

    private static List<String> words(Path file) throws IOException {
        return List.of(Files.readString(file).strip().split("\\s+", -1));
    }
}
