package dev.godwit.lab;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A program that is run to its end and whose output is small. Immutable and thread-safe.
 *
 * @param argv program and arguments
 * @param input what it reads from standard input
 * @param limit after this time it is killed
 */
public record Command(List<String> argv, String input, Duration limit) {
    /** Programs of the lab's set-up answer in milliseconds; a minute means that the machine is stuck. */
    private static final Duration LIMIT = Duration.ofMinutes(1);

    public Command {
        argv = List.copyOf(argv);
        if (argv.isEmpty()) {
            throw new IllegalArgumentException("a command needs a program");
        }
    }

    public static Command of(String... argv) {
        return new Command(List.of(argv), "", LIMIT);
    }

    public static Command of(List<String> argv) {
        return new Command(argv, "", LIMIT);
    }

    public Command withInput(String text) {
        return new Command(argv, text, limit);
    }

    public Command within(Duration time) {
        return new Command(argv, input, time);
    }

    /** The same program, run by another one, e.g. {@code nsenter ... --}. */
    public Command behind(List<String> prefix) {
        List<String> all = new ArrayList<>(prefix);
        all.addAll(argv);
        return new Command(all, input, limit);
    }

    /**
     * What came of it.
     *
     * @param status the exit status
     * @param output standard output and standard error as they came
     */
    public record Result(int status, String output) {}

    /**
     * Runs it and returns its output.
     *
     * @throws LabException if it can't be started, does not end in time, or ends with a status other than 0
     */
    public String run() {
        Result result = tryRun();
        if (result.status() != 0) {
            throw new LabException("'" + String.join(" ", argv) + "' ended with status " + result.status() + ": "
                    + result.output().strip());
        }
        return result.output();
    }

    /**
     * Runs it and returns status and output.
     *
     * @throws LabException if it can't be started or does not end in time
     */
    public Result tryRun() {
        Path output = null;
        try {
            output = Files.createTempFile("godwit-lab-", ".out");
            Process process = new ProcessBuilder(argv)
                    .redirectErrorStream(true)
                    .redirectOutput(output.toFile())
                    .start();
            try (var stdin = process.outputWriter(StandardCharsets.UTF_8)) {
                stdin.write(input);
            } catch (IOException e) {
                // A program may end without reading all of its input: its status tells what came of it.
                if (process.isAlive()) {
                    throw e;
                }
            }
            if (!process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS)) {
                process.destroyForcibly();
                throw new LabException("'" + String.join(" ", argv) + "' did not end in " + limit + ": "
                        + Files.readString(output).strip());
            }
            return new Result(process.exitValue(), Files.readString(output));
        } catch (IOException e) {
            throw new LabException(
                    "'" + argv.getFirst() + "' can't be run (" + e.getMessage()
                            + "); script/bootstrap installs what the lab needs",
                    e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new LabException("interrupted while '" + argv.getFirst() + "' ran", e);
        } finally {
            delete(output);
        }
    }

    private static void delete(@Nullable Path file) {
        if (file != null) {
            try {
                Files.deleteIfExists(file);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
