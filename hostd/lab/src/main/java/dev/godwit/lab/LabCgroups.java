package dev.godwit.lab;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The control groups that a host's hostd has made for its VMs: a power cut would take them too. They lie in hierarchies
 * that all labs share, so only those are touched in which processes of the host were.
 */
final class LabCgroups {
    private static final Logger log = LoggerFactory.getLogger(LabCgroups.class);
    private static final Path MOUNTS = Path.of("/sys/fs/cgroup");
    private static final String OURS = "/godwit/";

    private final Set<String> groups;

    private LabCgroups(Set<String> groups) {
        this.groups = groups;
    }

    /** Those in which processes below this init are now. */
    static LabCgroups of(HostNamespaces machine) {
        Set<String> groups = new TreeSet<>(Comparator.reverseOrder());
        Path namespace = Path.of("/proc/" + machine.initPid() + "/ns/pid");
        ProcessHandle.allProcesses().forEach(process -> {
            Path proc = Path.of("/proc/" + process.pid());
            try {
                if (Files.isSameFile(proc.resolve("ns/pid"), namespace)) {
                    for (String line : Files.readAllLines(proc.resolve("cgroup"))) {
                        String path = line.substring(line.indexOf(':', line.indexOf(':') + 1) + 1);
                        if (path.startsWith(OURS)) {
                            groups.add(path.substring(1));
                        }
                    }
                }
            } catch (IOException e) {
                log.debug("process {} was not looked at: {}", process.pid(), e.getMessage()); // ended, or not ours
            }
        });
        return new LabCgroups(groups);
    }

    /** Removes them, and the host's own group above where nothing else is in it. */
    void remove() {
        try {
            for (Path hierarchy : hierarchies()) {
                for (String group : groups) {
                    remove(hierarchy.resolve(group));
                    remove(hierarchy.resolve(group.substring(0, group.lastIndexOf('/'))));
                }
            }
        } catch (IOException e) {
            throw new LabException("the control groups " + groups + " can't be removed: " + e.getMessage(), e);
        }
    }

    private static void remove(Path group) throws IOException {
        try {
            Files.delete(group);
        } catch (NoSuchFileException e) {
            log.debug("no control group {}", group); // not in this hierarchy
        } catch (FileSystemException e) {
            log.info("the control group {} stays, something else is in it: {}", group, e.getMessage());
        }
    }

    private static List<Path> hierarchies() throws IOException {
        List<Path> all = new ArrayList<>(List.of(MOUNTS));
        try (Stream<Path> below = Files.list(MOUNTS)) {
            below.filter(Files::isDirectory).forEach(all::add);
        }
        return all;
    }
}
