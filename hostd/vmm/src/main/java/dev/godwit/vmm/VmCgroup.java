package dev.godwit.vmm;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/** The control group of one VM, one directory in each hierarchy. Thread-safe. */
public final class VmCgroup {
    /** How long the kernel may take to let go of a process that is gone; seen: below 30 ms. */
    private static final Duration REMOVE_LIMIT = Duration.ofSeconds(5);

    private static final Duration REMOVE_PERIOD = Duration.ofMillis(5);

    private final String name;
    private final Map<String, Path> directories;
    private final boolean unified;

    VmCgroup(String name, Map<String, Path> directories, boolean unified) {
        this.name = name;
        this.directories = Map.copyOf(directories);
        this.unified = unified;
    }

    /** The directories a process joins. */
    public List<Path> directories() {
        return List.copyOf(new LinkedHashSet<>(directories.values()));
    }

    /** Bytes charged: the VMM's own and the guest's RAM as far as the VMM touched it first. */
    public long memoryBytes() throws IOException {
        return unified
                ? number(directory("unified").resolve("memory.current"))
                : number(directory("memory").resolve("memory.usage_in_bytes"));
    }

    /** CPU time used so far. */
    public Duration cpuTime() throws IOException {
        if (!unified) {
            return Duration.ofNanos(number(directory("cpuacct").resolve("cpuacct.usage")));
        }
        for (String line : Files.readAllLines(directory("unified").resolve("cpu.stat"))) {
            if (line.startsWith("usage_usec ")) {
                return Duration.ofNanos(
                        Math.multiplyExact(Long.parseLong(line.substring(11).strip()), 1000L));
            }
        }
        throw new IOException("cpu.stat of control group " + name + " has no usage_usec");
    }

    /** How many processes are in it; 0 when it is not there. */
    public int processes() throws IOException {
        int most = 0;
        for (Path directory : directories()) {
            try {
                most = Math.max(
                        most,
                        Files.readAllLines(directory.resolve("cgroup.procs")).size());
            } catch (NoSuchFileException notThere) {
                continue;
            }
        }
        return most;
    }

    void limit(long memoryBytesMax, int pidsMax) throws IOException {
        if (unified) {
            write(directory("unified").resolve("memory.max"), memoryBytesMax);
            write(directory("unified").resolve("pids.max"), pidsMax);
        } else {
            write(directory("memory").resolve("memory.limit_in_bytes"), memoryBytesMax);
            write(directory("pids").resolve("pids.max"), pidsMax);
        }
    }

    /**
     * Removes the directories; the VM's process must be gone.
     *
     * @throws IOException somebody is still in it
     */
    public void remove() throws IOException {
        long deadline = System.nanoTime() + REMOVE_LIMIT.toNanos();
        while (!removeIfEmpty()) {
            if (System.nanoTime() > deadline) {
                throw new IOException("control group " + name + " can't be removed: " + processes()
                        + " processes are still in it after " + REMOVE_LIMIT.toSeconds() + " s");
            }
            LockSupport.parkNanos(REMOVE_PERIOD.toNanos());
        }
    }

    /** True when nothing of it is left. */
    boolean removeIfEmpty() throws IOException {
        boolean gone = true;
        for (Path directory : directories()) {
            try {
                Files.deleteIfExists(directory);
            } catch (FileSystemException busy) {
                // EBUSY: the last process is on its way out, or a group is below it.
                gone = false;
            }
        }
        return gone;
    }

    private Path directory(String controller) throws IOException {
        @Nullable Path directory = directories.get(controller);
        if (directory == null) {
            throw new IOException("control group " + name + " has no controller " + controller + " on this machine");
        }
        return directory;
    }

    private static void write(Path file, long value) throws IOException {
        Files.writeString(file, Long.toString(value));
    }

    private static long number(Path file) throws IOException {
        return Long.parseLong(Files.readString(file).strip());
    }
}
