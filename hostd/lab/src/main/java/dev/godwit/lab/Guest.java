package dev.godwit.lab;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.godwit.api.ExecRequest;
import dev.godwit.api.ExecState;
import dev.godwit.api.VmState;
import dev.godwit.client.ExecStream;
import dev.godwit.client.GodwitClient;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;

/** A VM's inside, through the API. Thread-safe. */
public final class Guest {
    private static final ObjectMapper JSON = new ObjectMapper();
    /** A program that was told to end writes its last line; a slow guest reads its files again before. */
    private static final Duration END_WAIT = Duration.ofMinutes(2);
    /** A cold boot takes about 7 s under emulation on a quiet machine, 40 s on a loaded one. */
    private static final Duration BOOT_WAIT = Duration.ofMinutes(3);

    private final GodwitClient client;
    private final String vm;

    public Guest(GodwitClient client, String vm) {
        this.client = client;
        this.vm = vm;
    }

    public String vm() {
        return vm;
    }

    /** Waits until the guest has booted and answers. */
    public void awaitRunning() throws IOException {
        try {
            Patience.waitFor("vm " + vm + " to boot", BOOT_WAIT, () -> {
                try {
                    VmState state = client.vm(vm).state();
                    if (state == VmState.FAILED || state == VmState.LOST || state == VmState.STOPPED) {
                        throw new LabException("vm " + vm + " is " + state + " instead of running");
                    }
                    return state == VmState.RUNNING ? Optional.of(state) : Optional.empty();
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
    }

    public void put(String path, int mode, byte[] content) throws IOException {
        client.putFile(vm, path, mode, content);
    }

    byte[] read(String path) throws IOException {
        try (InputStream content = client.getFile(vm, path)) {
            return content.readAllBytes();
        }
    }

    String text(String path) throws IOException {
        return new String(read(path), StandardCharsets.UTF_8);
    }

    public JsonNode json(String path) throws IOException {
        return JSON.readTree(read(path));
    }

    /** Starts a program that goes on by itself; gives the exec's id. */
    public String start(ExecRequest request) throws IOException {
        return client.startExec(vm, request);
    }

    ExecStream output(String execId) {
        return client.output(vm, execId);
    }

    public void signal(String execId, String name) throws IOException {
        client.signal(vm, execId, name);
    }

    /** Runs a program to its end and gives what it wrote. */
    String run(String... argv) throws IOException {
        ByteArrayOutputStream output = new ByteArrayOutputStream();
        try (ExecStream stream = output(start(ExecRequest.of(argv)))) {
            int status = stream.copyTo(output, output).shellStatus();
            String text = output.toString(StandardCharsets.UTF_8);
            if (status != 0) {
                throw new IOException("'" + String.join(" ", argv) + "' in vm " + vm + " ended with status " + status
                        + ": " + text.strip());
            }
            return text;
        }
    }

    /** Sends TERM and waits until the program has ended. */
    void end(String execId) throws IOException {
        signal(execId, "TERM");
        try {
            Patience.waitFor("exec " + execId + " in vm " + vm + " to end", END_WAIT, () -> {
                try {
                    ExecState state = client.exec(vm, execId).state();
                    return state == ExecState.RUNNING ? Optional.empty() : Optional.of(state);
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
    }
}
