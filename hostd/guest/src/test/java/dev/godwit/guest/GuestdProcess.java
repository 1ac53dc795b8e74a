package dev.godwit.guest;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** The real guestd as a process of this machine, serving a unix socket: the code of the guest without a VM. */
final class GuestdProcess implements AutoCloseable {
    private final Process process;
    private final Path socket;

    GuestdProcess(Path directory) throws IOException {
        socket = directory.resolve("guestd.sock");
        process = new ProcessBuilder(binary().toString(), "--serve-socket", socket.toString())
                .redirectErrorStream(true)
                .redirectOutput(directory.resolve("guestd.log").toFile())
                .start();
    }

    static Path binary() {
        Path binary = Path.of(System.getProperty("godwit.root"), "dist/native/guestd");
        if (!Files.isExecutable(binary)) {
            throw new IllegalStateException(binary + " is missing: run 'make -C native' (script/build) first");
        }
        return binary;
    }

    Path socket() {
        return socket;
    }

    GuestChannel channel() {
        return GuestChannel.open("test", socket);
    }

    boolean isAlive() {
        return process.isAlive();
    }

    long openFiles() throws IOException {
        try (Stream<Path> files = Files.list(Path.of("/proc/" + process.pid() + "/fd"))) {
            return files.count();
        }
    }

    long residentKib() throws IOException {
        return Files.readAllLines(Path.of("/proc/" + process.pid() + "/status")).stream()
                .filter(line -> line.startsWith("VmRSS:"))
                .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
                .findFirst()
                .orElseThrow();
    }

    /** CPU that guestd itself used, in clock ticks of 10 ms. */
    long cpuTicks() throws IOException {
        String stat = Files.readString(Path.of("/proc/" + process.pid() + "/stat"));
        String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
        return Long.parseLong(fields[11]) + Long.parseLong(fields[12]);
    }

    List<String> zombies() throws IOException {
        return ProcessHandle.of(process.pid()).stream()
                .flatMap(ProcessHandle::children)
                .map(child -> stateOf(child.pid()))
                .filter(state -> state.contains(") Z "))
                .toList();
    }

    private static String stateOf(long pid) {
        try {
            return Files.readString(Path.of("/proc/" + pid + "/stat"));
        } catch (IOException gone) {
            return "gone";
        }
    }

    @Override
    public void close() {
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroy();
        try {
            if (!process.waitFor(5, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException stopped) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }
}
