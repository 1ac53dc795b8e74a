package dev.godwit.jenkins.broker;

import dev.godwit.api.ExecOutput;
import dev.godwit.api.ExecStreamName;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.EnumMap;
import java.util.Map;
import java.util.function.Consumer;

/** Puts a command's output together again as lines. For one thread. */
final class OutputLines {
    /** A longer line is cut into pieces of this many bytes. */
    private static final int LINE_BYTES_MAX = 4096;

    private final Map<ExecStreamName, ByteArrayOutputStream> begun = new EnumMap<>(ExecStreamName.class);
    private final Consumer<String> lines;

    OutputLines(Consumer<String> lines) {
        this.lines = lines;
        for (ExecStreamName name : ExecStreamName.values()) {
            begun.put(name, new ByteArrayOutputStream());
        }
    }

    void add(ExecOutput output) {
        ByteArrayOutputStream line = begun.get(output.stream());
        if (line == null) {
            return;
        }
        for (byte each : output.bytes()) {
            if (each == '\n' || line.size() >= LINE_BYTES_MAX) {
                give(line);
            }
            if (each != '\n') {
                line.write(each);
            }
        }
    }

    /** What was not ended by a line feed. */
    void end() {
        begun.values().stream().filter(line -> line.size() > 0).forEach(this::give);
    }

    private void give(ByteArrayOutputStream line) {
        lines.accept(line.toString(StandardCharsets.UTF_8));
        line.reset();
    }
}
