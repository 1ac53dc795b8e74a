package dev.godwit.net;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;

/**
 * The programs in the kernel and their maps. All of them are pinned below a folder of a BPF file system, so that
 * packets go on while no hostd runs; {@link #open} takes over what a hostd before left, puts this build's programs in
 * place of its programs one by one, each in one step, and keeps the maps.
 *
 * <p>Attaching works in the network namespace of the calling thread. Thread-safe.
 */
public final class DataPlaneMaps implements AutoCloseable {
    /**
     * Opens the data plane, made anew where there is none.
     *
     * @param pins a folder on a BPF file system; made if absent
     * @throws IOException the kernel refuses the programs (the message ends with the verifier's words), there is no
     *     BPF file system at the folder, or libbpf is missing
     */
    public static DataPlaneMaps open(Path pins) throws IOException {
        throw new UnsupportedOperationException();
    }

    /** Tells the programs about their host. Before it they pass nothing to other hosts. */
    public void configure(Settings settings) throws IOException {
        throw new UnsupportedOperationException();
    }

    public Locations locations() {
        throw new UnsupportedOperationException();
    }

    public Ports ports() {
        throw new UnsupportedOperationException();
    }

    public Peers peers() {
        throw new UnsupportedOperationException();
    }

    public Edges edges() {
        throw new UnsupportedOperationException();
    }

    public Policies policies() {
        throw new UnsupportedOperationException();
    }

    public Lease lease() {
        throw new UnsupportedOperationException();
    }

    public Connections connections() {
        throw new UnsupportedOperationException();
    }

    public Counters counters() {
        throw new UnsupportedOperationException();
    }

    /** Where a program is attached. */
    public record Attachment(Hook hook, int interfaceIndex) {}

    /** Attaches a program to a device and pins the link; where it is attached already, it is replaced in one step. */
    public void attach(Hook hook, int interfaceIndex) throws IOException {
        throw new UnsupportedOperationException();
    }

    /** Takes a program off a device. Absent is no error. */
    public void detach(Hook hook, int interfaceIndex) throws IOException {
        throw new UnsupportedOperationException();
    }

    /** The attachments that are pinned; those of devices that are gone are taken away. */
    public Set<Attachment> attachments() throws IOException {
        throw new UnsupportedOperationException();
    }

    /**
     * Reads flow events that the programs have written and gives them to {@code reader}, on this thread.
     *
     * @param wait at most this long for the first
     * @return how many there were
     */
    public int readFlows(Duration wait, Consumer<FlowEvent> reader) throws IOException {
        throw new UnsupportedOperationException();
    }

    /** Closes this process's descriptors. Everything that is pinned stays and packets go on. */
    @Override
    public void close() {
        throw new UnsupportedOperationException();
    }

    /** Takes every program and map away and closes. */
    public void remove() throws IOException {
        throw new UnsupportedOperationException();
    }

    /** Names of the pinned maps, for messages and tests. */
    List<String> maps() {
        throw new UnsupportedOperationException();
    }
}
