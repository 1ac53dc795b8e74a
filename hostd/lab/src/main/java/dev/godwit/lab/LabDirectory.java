package dev.godwit.lab;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * A lab's folder, {@code godwit-lab-PID}, with a note of the process that owns it and of each machine's init, so that a
 * later lab can remove what a killed one left, and nothing else.
 */
final class LabDirectory {
    private static final String PREFIX = "godwit-lab-";
    private static final String OWNER = "owner";
    private static final String MACHINES = "machines";
    private static final String KEPT = "kept";

    private final Path path;

    private LabDirectory(Path path) {
        this.path = path;
    }

    static LabDirectory make(Path parent) {
        try {
            Path path = parent.resolve(PREFIX + ProcessHandle.current().pid());
            deleteTree(path);
            Files.createDirectories(path);
            Files.writeString(
                    path.resolve(OWNER), identity(ProcessHandle.current()).orElseThrow());
            return new LabDirectory(path);
        } catch (IOException e) {
            throw new LabException("the lab's folder can't be made in " + parent + ": " + e.getMessage(), e);
        }
    }

    /** Ends the machines and removes the folders of labs whose process is gone, but for kept ones. */
    static void removeStale(Path parent) {
        if (!Files.isDirectory(parent)) {
            return;
        }
        try (Stream<Path> folders = Files.list(parent)) {
            for (Path folder : folders.filter(LabDirectory::stale).toList()) {
                for (String machine : lines(folder.resolve(MACHINES))) {
                    runningProcess(machine).ifPresent(ProcessHandle::destroyForcibly);
                }
                deleteTree(folder);
            }
        } catch (IOException e) {
            throw new LabException(
                    "the folders of earlier labs in " + parent + " can't be removed: " + e.getMessage(), e);
        }
    }

    Path path() {
        return path;
    }

    Path make(String name) {
        try {
            return Files.createDirectory(path.resolve(name));
        } catch (IOException e) {
            throw new LabException("the folder of " + name + " can't be made: " + e.getMessage(), e);
        }
    }

    void record(HostNamespaces machine) {
        ProcessHandle.of(machine.initPid())
                .flatMap(LabDirectory::identity)
                .ifPresent(identity -> append(path.resolve(MACHINES), identity + "\n"));
    }

    void markKept() {
        append(path.resolve(KEPT), "");
    }

    void remove() {
        try {
            deleteTree(path);
        } catch (IOException e) {
            throw new LabException("the lab's folder " + path + " can't be removed: " + e.getMessage(), e);
        }
    }

    private static boolean stale(Path folder) {
        return folder.getFileName().toString().startsWith(PREFIX)
                && Files.exists(folder.resolve(OWNER))
                && !Files.exists(folder.resolve(KEPT))
                && lines(folder.resolve(OWNER)).stream()
                        .allMatch(owner -> runningProcess(owner).isEmpty());
    }

    /** PID and start of a process; a PID alone may be another's by now. */
    private static Optional<String> identity(ProcessHandle process) {
        return process.info().startInstant().map(start -> process.pid() + " " + start.toEpochMilli());
    }

    private static Optional<ProcessHandle> runningProcess(String identity) {
        String[] parts = identity.split(" ", -1);
        return parts.length != 2 || !parts[0].matches("[0-9]{1,9}")
                ? Optional.empty()
                : ProcessHandle.of(Long.parseLong(parts[0]))
                        .filter(process -> identity(process).equals(Optional.of(identity)));
    }

    private static List<String> lines(Path file) {
        try {
            return Files.exists(file) ? Files.readAllLines(file) : List.of();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void append(Path file, String text) {
        try {
            Files.writeString(file, text, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        } catch (IOException e) {
            throw new LabException(file + " can't be written: " + e.getMessage(), e);
        }
    }

    private static void deleteTree(Path tree) throws IOException {
        if (!Files.exists(tree)) {
            return;
        }
        try (Stream<Path> below = Files.walk(tree)) {
            for (Path path : below.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        }
    }
}
