package dev.godwit.net;

import dev.godwit.linux.NetworkNamespace;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/**
 * A network namespace that stands for a machine, and threads in it. It is held by a process that ends with this one, so
 * nothing is left on the machine whatever happens.
 */
final class TestNamespace implements AutoCloseable {
    private final String name;
    private final Process holder;
    private final ExecutorService threads;

    private TestNamespace(String name, Process holder) {
        this.name = name;
        this.holder = holder;
        this.threads = Executors.newCachedThreadPool(work -> Thread.ofPlatform()
                .name(name)
                .daemon()
                .unstarted(() -> {
                    try {
                        NetworkNamespace.enter(file());
                    } catch (IOException failed) {
                        throw new UncheckedIOException(failed);
                    }
                    work.run();
                }));
    }

    /**
     * A card steers each flow to one CPU. A veth does not unless it is told: a sender that is moved to another CPU overtakes
     * itself.
     */
    private static final String STEER_BY_FLOW =
            "mask=/proc/sys/net/core/rps_default_mask; n=$(nproc); [ $n -le 32 ] || n=32;"
                    + " [ ! -w $mask ] || printf %x $(((1 << n) - 1)) >$mask; ";

    static TestNamespace create(String name) throws IOException {
        Process holder = new ProcessBuilder("unshare", "--net", "sh", "-c", STEER_BY_FLOW + "echo ready; exec cat")
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        String said = holder.inputReader().readLine();
        if (!"ready".equals(said)) {
            holder.destroyForcibly();
            throw new IOException("no namespace for " + name + ": " + said);
        }
        TestNamespace made = new TestNamespace(name, holder);
        made.ip("link set lo up");
        return made;
    }

    String name() {
        return name;
    }

    long pid() {
        return holder.pid();
    }

    Path file() {
        return Path.of("/proc", Long.toString(holder.pid()), "ns/net");
    }

    /** Does something in the namespace and waits for it. */
    <T> T in(Callable<T> work) {
        try {
            return start(work).get(60, TimeUnit.SECONDS);
        } catch (ExecutionException failed) {
            Throwable cause = failed.getCause();
            if (cause instanceof RuntimeException unchecked) {
                throw unchecked;
            }
            if (cause instanceof Error error) {
                throw error;
            }
            throw new IllegalStateException("in " + name + ": " + cause, cause);
        } catch (Exception failed) {
            throw new IllegalStateException("in " + name + ": " + failed, failed);
        }
    }

    /** Does something in the namespace on a thread of its own. */
    <T> Future<T> start(Callable<T> work) {
        return threads.submit(work);
    }

    /** Runs lines of {@code ip}. */
    void ip(String batch) {
        in(() -> CommandLine.runWithInput(batch + "\n", "ip", "-batch", "-"));
    }

    /** Runs a program and gives its output. */
    String run(String... command) {
        return in(() -> CommandLine.run(command));
    }

    /** Starts a program that is the caller's to end. */
    Process process(String... command) {
        return in(() ->
                new ProcessBuilder(List.of(command)).redirectErrorStream(true).start());
    }

    /** Sets a value below {@code /proc/sys} of this namespace. */
    void sysctl(String path, String value) {
        run("sh", "-c", "echo " + value + " > /proc/sys/" + path);
    }

    static String output(Process process) throws IOException {
        return new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    }

    @Override
    public void close() {
        threads.shutdownNow();
        holder.destroyForcibly();
    }
}
