package dev.godwit.lab.outside;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.godwit.lab.HostNamespaces;
import dev.godwit.lab.LabException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Starts the outside client as a process of its own, in this process's network namespace, so that a pause of this JVM is
 * not taken for one of the VM. For one thread.
 */
public final class OutsideClient implements AutoCloseable {
    private final Process process;
    private final BufferedReader answers;
    private final Writer orders;
    private final Path result;

    private OutsideClient(Process process, Path result) {
        this.process = process;
        this.answers = process.inputReader(StandardCharsets.UTF_8);
        this.orders = process.outputWriter(StandardCharsets.UTF_8);
        this.result = result;
    }

    /**
     * Starts it; returns when nothing that is sent to it gets lost.
     *
     * @param directory for its result and its messages
     */
    public static OutsideClient listen(OutsidePlan plan, Path directory) {
        return listen(List.of(), plan, directory);
    }

    /** The same, in the network of a machine of the lab. */
    public static OutsideClient listenIn(HostNamespaces machine, OutsidePlan plan, Path directory) {
        return listen(machine.networkEntry(), plan, directory);
    }

    private static OutsideClient listen(List<String> entry, OutsidePlan plan, Path directory) {
        Path result = directory.resolve("outside.json");
        List<String> argv = new ArrayList<>(entry);
        argv.addAll(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC",
                "-Xmx512m",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                OutsideMain.class.getName()));
        argv.addAll(plan.arguments());
        argv.add(result.toString());
        try {
            Process process = new ProcessBuilder(argv)
                    .redirectError(directory.resolve("outside.log").toFile())
                    .start();
            OutsideClient client = new OutsideClient(process, result);
            client.expect("listening");
            return client;
        } catch (IOException e) {
            throw new LabException("the outside client can't be started: " + e.getMessage(), e);
        }
    }

    /** Connects to the VM; returns when the connection stands and both flows run. */
    public void begin() {
        order("begin", "ready");
    }

    /** Stops its sending; returns when the echoes of all it sent are in, or after ten seconds. */
    public void stopSending() {
        order("stop", "stopped");
    }

    /** Ends it and reads what it saw. */
    public OutsideResult finish() {
        order("finish", "finished");
        try {
            return new ObjectMapper().readValue(result.toFile(), OutsideResult.class);
        } catch (IOException e) {
            throw new LabException("the outside client's result " + result + " can't be read: " + e.getMessage(), e);
        }
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }

    private void order(String order, String answer) {
        try {
            orders.write(order + "\n");
            orders.flush();
        } catch (IOException e) {
            throw new LabException("the outside client is gone: " + e.getMessage(), e);
        }
        expect(answer);
    }

    private void expect(String answer) {
        try {
            String line = answers.readLine();
            if (!answer.equals(line)) {
                process.destroyForcibly();
                throw new LabException("the outside client said '" + line + "' instead of '" + answer
                        + "'; read outside.log beside " + result);
            }
        } catch (IOException e) {
            throw new LabException("the outside client is gone: " + e.getMessage(), e);
        }
    }
}
