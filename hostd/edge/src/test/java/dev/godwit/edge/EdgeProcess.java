package dev.godwit.edge;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** An {@link EdgeProgram} in the network of its edge. */
final class EdgeProcess implements AutoCloseable {
    private final String id;
    private final Path folder;
    private final Process process;
    private final Writer commands;
    private final BufferedReader answers;

    EdgeProcess(TestNamespace edge, String id, String other, Path folder, Duration ttl, String... dataPlane)
            throws IOException {
        this.id = id;
        this.folder = folder;
        List<String> argv = new ArrayList<>(edge.entry());
        argv.addAll(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-Xmx128m",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                EdgeProgram.class.getName(),
                id,
                other,
                folder.toString(),
                Long.toString(ttl.toMillis())));
        argv.addAll(List.of(dataPlane));
        process = new ProcessBuilder(argv)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        commands = process.outputWriter(StandardCharsets.UTF_8);
        answers = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
        if (!"ready".equals(answers.readLine())) {
            throw new IOException("edge " + id + " did not start; its words are above");
        }
    }

    /** What it says of itself. */
    record Status(
            EdgeState state, long fence, int copied, boolean complete, int standbys, long loadMillis, int loaded) {}

    Status status() throws IOException {
        commands.write("status\n");
        commands.flush();
        String[] fields = answers.readLine().split(" ");
        return new Status(
                EdgeState.valueOf(fields[0]),
                Long.parseLong(fields[1]),
                Integer.parseInt(fields[2]),
                Boolean.parseBoolean(fields[3]),
                Integer.parseInt(fields[4]),
                Long.parseLong(fields[5]),
                Integer.parseInt(fields[6]));
    }

    boolean is(EdgeState state) throws IOException {
        return status().state() == state;
    }

    void kill() throws IOException {
        process.destroyForcibly();
        try {
            process.waitFor();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    void freeze() throws IOException {
        signal("STOP");
    }

    void thaw() throws IOException {
        signal("CONT");
    }

    void cutOff(boolean cut) throws IOException {
        Path mark = folder.resolve("cut-" + id);
        if (cut) {
            Files.createFile(mark);
        } else {
            Files.delete(mark);
        }
    }

    private void signal(String name) throws IOException {
        Program.run(Duration.ofSeconds(5), "", List.of("kill", "-" + name, Long.toString(process.pid())));
    }

    @Override
    public void close() throws IOException {
        kill();
    }
}
