package dev.godwit.lab.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Where a bench ran.
 *
 * @param cpu the model's name
 * @param cores that the process may use
 * @param memoryGib of the machine
 * @param kernel its release
 * @param accelerator of the VMs, null where a bench has none
 */
public record BenchMachine(
        String cpu,
        int cores,
        long memoryGib,
        String kernel,
        @Nullable String accelerator) {
    /** This machine, for a bench without VMs or with some of any accelerator. */
    public static BenchMachine here() throws IOException {
        return running(null);
    }

    static BenchMachine running(@Nullable String accelerator) throws IOException {
        return new BenchMachine(
                field(Path.of("/proc/cpuinfo"), "model name"),
                Runtime.getRuntime().availableProcessors(),
                Math.round(Long.parseLong(
                                field(Path.of("/proc/meminfo"), "MemTotal").split(" ", 2)[0])
                        / 1048576.0),
                Files.readString(Path.of("/proc/sys/kernel/osrelease")).strip(),
                accelerator);
    }

    private static String field(Path file, String name) throws IOException {
        List<String> lines = Files.readAllLines(file);
        return lines.stream()
                .filter(line -> line.startsWith(name))
                .map(line -> line.substring(line.indexOf(':') + 1).strip())
                .findFirst()
                .orElseThrow(() -> new IOException(file + " has no line \"" + name + "\""));
    }
}
