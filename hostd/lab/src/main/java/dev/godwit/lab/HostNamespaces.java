package dev.godwit.lab;

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
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * A machine of the lab: mount, PID, network, IPC and UTS namespaces with {@code nsinit} as their init. All that runs in
 * them ends when this is closed, when this JVM ends, or when {@link #close} is called, unless {@link #keep} came before.
 */
public final class HostNamespaces implements AutoCloseable {
    /** Killing an init is answered when all processes below it are gone; QEMU's memory takes a moment to free. */
    private static final Duration END_WAIT = Duration.ofSeconds(20);

    private final String name;
    private final Process outer;
    private final Writer control;
    private final long initPid;

    private HostNamespaces(String name, Process outer, long initPid) {
        this.name = name;
        this.outer = outer;
        this.control = outer.outputWriter(StandardCharsets.UTF_8);
        this.initPid = initPid;
    }

    /**
     * Makes the namespaces.
     *
     * @param name the machine's host name
     * @param mounts in order, each {@code tmpfs=DIR} or {@code bind=FROM:TO}
     * @throws LabException if this process may not make namespaces
     */
    public static HostNamespaces open(DistFiles dist, String name, List<String> mounts) {
        List<String> argv = new ArrayList<>(List.of(dist.probe("nsinit").toString(), name));
        argv.addAll(mounts);
        return open(name, argv);
    }

    /** A machine that holds this process's own network namespace, and nothing else of it. */
    static HostNamespaces openLabHolder(DistFiles dist) {
        return open("lab", List.of(dist.probe("nsinit").toString(), "--own-network", "lab"));
    }

    private static HostNamespaces open(String name, List<String> argv) {
        try {
            Process outer = new ProcessBuilder(argv).start();
            BufferedReader answers =
                    new BufferedReader(new InputStreamReader(outer.getInputStream(), StandardCharsets.UTF_8));
            String line = answers.readLine();
            if (line == null || !line.startsWith("ready ")) {
                outer.destroyForcibly();
                String why = new String(outer.getErrorStream().readAllBytes(), StandardCharsets.UTF_8).strip();
                throw new LabException("the namespaces of " + name + " can't be made (" + why
                        + "); the lab needs root and a kernel that lets it make namespaces");
            }
            return new HostNamespaces(name, outer, Long.parseLong(line.substring("ready ".length())));
        } catch (IOException e) {
            throw new LabException("nsinit can't be started for " + name + ": " + e.getMessage(), e);
        }
    }

    public String name() {
        return name;
    }

    /** PID of the machine's init, as this process sees it. */
    public long initPid() {
        return initPid;
    }

    /** What to put before a command so that it runs in all of the machine's namespaces. */
    public List<String> entry() {
        return List.of(
                "nsenter", "--target", Long.toString(initPid), "--mount", "--net", "--pid", "--ipc", "--uts", "--");
    }

    /** What to put before a command so that it runs in the machine's network namespace only. */
    public List<String> networkEntry() {
        return List.of("nsenter", "--target", Long.toString(initPid), "--net", "--");
    }

    /** Runs a command in the machine to its end. */
    public String run(String... argv) {
        return Command.of(argv).behind(entry()).run();
    }

    /**
     * Starts a program that goes on by itself, as a child of the machine's init.
     *
     * @param log where its output goes, a path as the machine sees it
     * @return its PID as the machine sees it
     */
    public long start(Map<String, String> environment, String log, List<String> argv) {
        List<String> shell = new ArrayList<>(List.of("env"));
        environment.forEach((key, value) -> shell.add(key + "=" + value));
        // The shell ends at once, so that init inherits the program; setsid makes it a session of its own.
        shell.addAll(
                List.of("sh", "-c", "log=$1; shift; setsid \"$@\" </dev/null >>\"$log\" 2>&1 & echo $!", "start", log));
        shell.addAll(argv);
        return Long.parseLong(Command.of(shell).behind(entry()).run().strip());
    }

    /** Sends a signal by name, e.g. {@code KILL}, to a process of the machine. */
    public void signal(long pid, String signal) {
        run("kill", "-" + signal, Long.toString(pid));
    }

    /** A file of the machine as this process can open it. */
    public Path path(String inside) {
        return Path.of("/proc/" + initPid + "/root" + inside);
    }

    public boolean alive() {
        return outer.isAlive() && Files.exists(Path.of("/proc/" + initPid));
    }

    /** Lets the machine outlive this JVM. */
    public void keep() {
        try {
            control.write("keep\n");
            control.flush();
        } catch (IOException e) {
            throw new LabException(name + " can't be kept: its init is gone", e);
        }
    }

    /** Ends the machine as a power cut does: its init is killed, and with it the kernel kills all that runs there. */
    @Override
    public void close() {
        ProcessHandle.of(initPid).ifPresent(ProcessHandle::destroyForcibly);
        try {
            if (!outer.waitFor(END_WAIT.toMillis(), TimeUnit.MILLISECONDS)) {
                outer.destroyForcibly();
                throw new LabException("the processes of " + name + " did not end in " + END_WAIT.toSeconds()
                        + " s; look at PID " + initPid);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** The program's name of a process, or empty when it is gone. */
    static Optional<String> commandLine(long pid) {
        try {
            return Optional.of(Files.readString(Path.of("/proc/" + pid + "/cmdline"))
                    .replace('\0', ' ')
                    .strip());
        } catch (IOException e) {
            return Optional.empty();
        }
    }
}
