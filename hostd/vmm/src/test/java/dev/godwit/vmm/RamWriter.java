package dev.godwit.vmm;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** A real process that maps a RAM file under the preload and writes pages by command (ram_writer.c). */
final class RamWriter implements AutoCloseable {
    private final Process process;
    private final Path errors;

    private RamWriter(Process process, Path errors) {
        this.process = process;
        this.errors = errors;
    }

    /** The built preload. */
    static Path preload() {
        Path built = Path.of(System.getProperty("godwit.root"), "dist", "native", "libgodwit-ram-handover.so");
        if (!Files.exists(built)) {
            throw new IllegalStateException(built + " is missing: run script/build first");
        }
        return built;
    }

    /** Compiles the program into a folder that every user may enter. */
    static Path compile(Path folder) throws IOException, InterruptedException {
        Path source = folder.resolve("ram_writer.c");
        try (InputStream resource = RamWriter.class.getResourceAsStream("ram_writer.c")) {
            if (resource == null) {
                throw new IllegalStateException("ram_writer.c is not among the test resources");
            }
            Files.copy(resource, source);
        }
        Path program = folder.resolve("ram_writer");
        Process gcc = new ProcessBuilder("gcc", "-O1", "-Wall", "-Werror", "-o", program.toString(), source.toString())
                .redirectErrorStream(true)
                .start();
        String output = new String(gcc.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (!gcc.waitFor(60, TimeUnit.SECONDS) || gcc.exitValue() != 0) {
            throw new IllegalStateException("gcc failed: " + output);
        }
        return program;
    }

    /**
     * Starts it.
     *
     * @param prefix a command that runs it, for example as another user; may be empty
     */
    static RamWriter start(
            Path program, Path ramFile, int pages, Map<String, String> environment, Path errors, String... prefix)
            throws IOException {
        List<String> command = new ArrayList<>(List.of(prefix));
        command.addAll(List.of(program.toString(), ramFile.toString(), Integer.toString(pages)));
        ProcessBuilder builder = new ProcessBuilder(command).redirectError(errors.toFile());
        builder.environment().putAll(environment);
        return new RamWriter(builder.start(), errors);
    }

    long pid() {
        return process.pid();
    }

    /** Waits until its mapping stands. */
    RamWriter mapped() throws IOException {
        String line = process.inputReader().readLine();
        if (!"mapped".equals(line)) {
            throw new IllegalStateException("expected 'mapped', got " + line + "; stderr: " + stderr());
        }
        return this;
    }

    /** Sends a command and returns its answer. */
    String say(String command) throws IOException {
        process.outputWriter().write(command + "\n");
        process.outputWriter().flush();
        String answer = process.inputReader().readLine();
        if (answer == null) {
            throw new IllegalStateException("the process ended at '" + command + "'; stderr: " + stderr());
        }
        return answer;
    }

    /** Sends a command and does not wait for its answer. */
    CompletableFuture<String> ask(String command) throws IOException {
        process.outputWriter().write(command + "\n");
        process.outputWriter().flush();
        CompletableFuture<String> answer = new CompletableFuture<>();
        Thread.ofVirtual().start(() -> {
            try {
                answer.complete(process.inputReader().readLine());
            } catch (IOException failed) {
                answer.completeExceptionally(failed);
            }
        });
        return answer;
    }

    /** Waits for its end and returns the exit status, 128 + n for signal n. */
    int awaitExit(Duration timeout) throws InterruptedException {
        if (!process.waitFor(timeout.toMillis(), TimeUnit.MILLISECONDS)) {
            throw new IllegalStateException("process " + pid() + " still runs");
        }
        return process.exitValue();
    }

    String stderr() throws IOException {
        return Files.readString(errors);
    }

    @Override
    public void close() {
        process.destroyForcibly();
        try {
            process.waitFor(10, TimeUnit.SECONDS);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
