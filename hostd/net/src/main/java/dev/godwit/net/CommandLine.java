package dev.godwit.net;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Runs a program of iproute2 or nftables with arguments, never through a shell, in the network namespace of the calling
 * thread. Only where something is set up: no packet and no move waits for one.
 */
final class CommandLine {
    /** They answer in milliseconds; a hung one must not hang hostd. */
    private static final Duration TIMEOUT = Duration.ofSeconds(10);

    private CommandLine() {}

    /**
     * Runs a program to its end and gives its output.
     *
     * @throws IOException it failed, with the command and what it said
     */
    static String run(String... command) throws IOException {
        return runWithInput("", command);
    }

    /** Like {@link #run}, with something on its standard input. */
    static String runWithInput(String input, String... command) throws IOException {
        String line = String.join(" ", command);
        Process process =
                new ProcessBuilder(List.of(command)).redirectErrorStream(true).start();
        try {
            try (var standardInput = process.getOutputStream()) {
                standardInput.write(input.getBytes(StandardCharsets.UTF_8));
            }
            String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
            if (!process.waitFor(TIMEOUT.toSeconds(), TimeUnit.SECONDS)) {
                throw new IOException(line + " did not end within " + TIMEOUT.toSeconds() + " s");
            }
            if (process.exitValue() != 0) {
                throw new IOException(line + " failed with status " + process.exitValue() + ": " + said);
            }
            return said;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException(line + " was interrupted", e);
        } finally {
            process.destroyForcibly();
        }
    }
}
