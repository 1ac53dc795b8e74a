package dev.godwit.daemon;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The VM records of a host: one {@code vm.json} a VM, replaced atomically and durably. Thread-safe per VM. */
final class VmRecords {
    private static final Logger log = LoggerFactory.getLogger(VmRecords.class);
    private static final ObjectMapper json = new ObjectMapper();

    private final HostPaths paths;

    VmRecords(HostPaths paths) {
        this.paths = paths;
    }

    void save(VmRecord vm) throws IOException {
        Path directory = paths.vm(vm.id());
        Files.createDirectories(directory);
        Path next = directory.resolve("vm.json.next");
        try (FileChannel file = FileChannel.open(
                next, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE)) {
            file.write(ByteBuffer.wrap(json.writeValueAsBytes(vm)));
            file.force(true);
        }
        Files.move(next, directory.resolve("vm.json"), StandardCopyOption.ATOMIC_MOVE);
        try (FileChannel entry = FileChannel.open(directory, StandardOpenOption.READ)) {
            entry.force(true);
        }
    }

    /** Whether a record is here, also one that could not be read or whose VM could not be taken back. */
    boolean has(String vmId) {
        return Files.exists(paths.vm(vmId).resolve("vm.json"));
    }

    /** Ids of all VMs that have a record here, as {@link #has} knows them. */
    Set<String> ids() throws IOException {
        try (Stream<Path> directories = Files.list(paths.vms())) {
            return directories
                    .map(directory -> directory.getFileName().toString())
                    .filter(this::has)
                    .collect(Collectors.toSet());
        }
    }

    /** Removes all that this host has of a VM on its disk; the record goes last, so that a crash leaves it to finish by. */
    void remove(String vmId) throws IOException {
        Path directory = paths.vm(vmId);
        if (!Files.exists(directory)) {
            return;
        }
        Path record = directory.resolve("vm.json");
        try (Stream<Path> files = Files.list(directory)) {
            for (Path file : files.filter(each -> !each.equals(record)).toList()) {
                Images.deleteTree(file);
            }
        }
        Files.deleteIfExists(record);
        Files.deleteIfExists(directory);
    }

    /**
     * Makes way for a VM that comes (again).
     *
     * @throws IOException the files are named by a record, so they are a VM's that this host could not take back
     */
    void removeLeftovers(String vmId) throws IOException {
        if (has(vmId)) {
            throw new IOException("VM " + vmId + " has files in " + paths.vm(vmId)
                    + " that this host could not take back at its start; its log says why. Remove it here first: 'godwit vm rm "
                    + vmId + "'");
        }
        remove(vmId);
    }

    /** All records that can be read; a directory without one is what a crash left before anything started. */
    List<VmRecord> load() throws IOException {
        List<VmRecord> found = new ArrayList<>();
        try (Stream<Path> directories = Files.list(paths.vms())) {
            for (Path directory : directories.sorted().toList()) {
                Path file = directory.resolve("vm.json");
                if (!Files.exists(file)) {
                    log.info(
                            "{} holds no vm.json: it was never started, and is left for an operator to look at",
                            directory);
                    continue;
                }
                try {
                    found.add(json.readValue(file.toFile(), VmRecord.class));
                } catch (JacksonException e) {
                    log.error("{} can't be read and its VM is not taken back: {}", file, e.getOriginalMessage());
                }
            }
        }
        return found;
    }
}
