package dev.godwit.edge;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Runs small programs of the system ({@code nft}, {@code ip}) with arguments and input that are ours, without a shell. */
final class Program {
    private Program() {}

    /**
     * Runs one to its end.
     *
     * @return what it wrote
     * @throws IOException it is not there, did not end in time, or failed; the message holds what it wrote
     */
    static String run(Duration within, String input, List<String> argv) throws IOException {
        Process process;
        try {
            process = new ProcessBuilder(argv).redirectErrorStream(true).start();
        } catch (IOException e) {
            throw new IOException(
                    "'" + argv.getFirst() + "' can't be run (" + e.getMessage()
                            + "); script/bootstrap installs what an edge needs",
                    e);
        }
        try {
            CompletableFuture<String> output = CompletableFuture.supplyAsync(() -> text(process));
            try (var stdin = process.outputWriter(StandardCharsets.UTF_8)) {
                stdin.write(input);
            } catch (IOException e) {
                // It may end without reading all of its input: its status tells what came of it.
                if (process.isAlive()) {
                    throw e;
                }
            }
            String said = output.get(within.toMillis(), TimeUnit.MILLISECONDS).strip();
            if (!process.waitFor(within.toMillis(), TimeUnit.MILLISECONDS)) {
                throw new TimeoutException();
            }
            if (process.exitValue() != 0) {
                throw new IOException(
                        "'" + String.join(" ", argv) + "' ended with status " + process.exitValue() + ": " + said);
            }
            return said;
        } catch (TimeoutException e) {
            throw new IOException(
                    "'" + String.join(" ", argv) + "' did not end within " + within.toSeconds() + " s", e);
        } catch (ExecutionException e) {
            throw new IOException("the output of '" + argv.getFirst() + "' could not be read", e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while '" + argv.getFirst() + "' ran", e);
        } finally {
            process.destroyForcibly();
        }
    }

    private static String text(Process process) {
        try {
            return new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
