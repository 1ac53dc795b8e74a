package dev.godwit.lab;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A probe of {@code native/probes} run on this machine, for tests. */
final class ProbeProcess implements AutoCloseable {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final Process process;
    private final Path status;
    private final Path output;

    private ProbeProcess(Process process, Path status, Path output) {
        this.process = process;
        this.status = status;
        this.output = output;
    }

    static ProbeProcess start(Path folder, String name, String... options) throws IOException {
        List<String> argv = new ArrayList<>(
                List.of(DistFiles.ofProperty().probe(name).toString(), "--status", folder + "/" + name + ".json"));
        argv.addAll(List.of(options));
        Path output = folder.resolve(name + ".out");
        Process process = new ProcessBuilder(argv)
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        return new ProbeProcess(process, folder.resolve(name + ".json"), output);
    }

    long pid() {
        return process.pid();
    }

    String output() throws IOException {
        return Files.readString(output);
    }

    boolean hasStatus() {
        return Files.exists(status);
    }

    JsonNode status() throws IOException {
        return JSON.readTree(Files.readAllBytes(status));
    }

    void signal(String name) {
        Command.of("kill", "-" + name, Long.toString(pid())).run();
    }

    /** Sends TERM and gives the exit status. */
    int end() throws InterruptedException {
        process.destroy();
        assertThat(process.waitFor(30, TimeUnit.SECONDS)).as("ends at TERM").isTrue();
        return process.exitValue();
    }

    /** Its memory, to read and to spoil. */
    RandomAccessFile memory() throws IOException {
        return new RandomAccessFile("/proc/" + pid() + "/mem", "rw");
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }
}
