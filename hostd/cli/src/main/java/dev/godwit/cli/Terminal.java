package dev.godwit.cli;

import java.io.Console;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Our terminal handed through to the guest's: raw while open, as it was afterwards. Source: stty(1). */
final class Terminal implements AutoCloseable {
    private static final File TTY = new File("/dev/tty");

    /** stty makes two system calls. */
    private static final int STTY_SECONDS = 5;

    private final @Nullable String saved;

    private Terminal(@Nullable String saved) {
        this.saved = saved;
    }

    /** Does nothing when no terminal is wanted or none is there. */
    static Terminal open(boolean wanted) throws IOException {
        if (!wanted || !(System.console() instanceof Console console) || !console.isTerminal()) {
            return new Terminal(null);
        }
        String saved = stty("-g");
        stty("raw", "-echo");
        return new Terminal(saved);
    }

    private static String stty(String... settings) throws IOException {
        List<String> command = new ArrayList<>(List.of("stty"));
        command.addAll(List.of(settings));
        Process process = new ProcessBuilder(command)
                .redirectInput(TTY)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.US_ASCII).strip();
        try {
            if (!process.waitFor(STTY_SECONDS, TimeUnit.SECONDS) || process.exitValue() != 0) {
                throw new IOException("stty " + String.join(" ", settings) + " failed on " + TTY);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while stty " + String.join(" ", settings) + " ran", e);
        }
        return said;
    }

    @Override
    public void close() throws IOException {
        if (saved != null) {
            stty(saved);
        }
    }
}
