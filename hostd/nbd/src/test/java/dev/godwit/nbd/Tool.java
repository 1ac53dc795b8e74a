package dev.godwit.nbd;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A program of the machine, run to its end. */
record Tool(int exit, String output) {
    private static final int SECONDS_MAX = 60;

    static Tool run(String... command) throws IOException, InterruptedException {
        Path output = Files.createTempFile("godwit-tool", ".out");
        try {
            Process process = new ProcessBuilder(List.of(command))
                    .redirectErrorStream(true)
                    .redirectOutput(output.toFile())
                    .start();
            if (!process.waitFor(SECONDS_MAX, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                throw new IOException(String.join(" ", command) + " did not end within " + SECONDS_MAX + " s");
            }
            return new Tool(process.exitValue(), Files.readString(output, UTF_8));
        } finally {
            Files.deleteIfExists(output);
        }
    }

    static String ok(String... command) throws IOException, InterruptedException {
        Tool tool = run(command);
        if (tool.exit != 0) {
            throw new IOException(String.join(" ", command) + ": exit " + tool.exit + "\n" + tool.output);
        }
        return tool.output;
    }
}
