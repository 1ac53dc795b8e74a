package dev.godwit.edge;

import dev.godwit.linux.NetworkNamespace;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

/** A network of its own, kept by one small process; it ends when this is closed, or this program ends. */
final class TestNamespace implements AutoCloseable {
    private static final Duration WITHIN = Duration.ofSeconds(30);

    private final String name;
    private final Process holder;

    private TestNamespace(String name, Process holder) {
        this.name = name;
        this.holder = holder;
    }

    static TestNamespace open(String name) throws IOException {
        // cat ends when its input does: with this program at the latest.
        Process holder = new ProcessBuilder("unshare", "--net", "sh", "-c", "echo ready; exec cat")
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        byte[] ready = holder.getInputStream().readNBytes(6);
        if (ready.length < 6) {
            throw new IOException("no network namespace could be made for " + name);
        }
        TestNamespace namespace = new TestNamespace(name, holder);
        namespace.ip("link set lo up");
        return namespace;
    }

    long pid() {
        return holder.pid();
    }

    List<String> entry() {
        return List.of("nsenter", "--net=/proc/" + pid() + "/ns/net", "--");
    }

    /** Runs a program in it; words are parted by blanks. */
    String run(String command) throws IOException {
        List<String> argv = new ArrayList<>(entry());
        argv.addAll(List.of(command.split(" ")));
        return Program.run(WITHIN, "", argv);
    }

    /** Applies lines for {@code ip -batch}. */
    void ip(String... lines) throws IOException {
        List<String> argv = new ArrayList<>(entry());
        argv.addAll(List.of("ip", "-batch", "-"));
        Program.run(WITHIN, String.join("\n", lines) + "\n", argv);
    }

    String nft(String text) throws IOException {
        List<String> argv = new ArrayList<>(entry());
        argv.addAll(List.of("nft", "-f", "-"));
        return Program.run(WITHIN, text, argv);
    }

    /** Runs something on a thread in it: sockets that are opened there are its own wherever they are used later. */
    <T> T call(Callable<T> task) throws IOException {
        FutureTask<T> future = new FutureTask<>(task);
        Thread thread = start(future);
        try {
            thread.join();
            return future.get();
        } catch (ExecutionException e) {
            throw new IOException("in " + name + ": " + e.getCause(), e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted in " + name, e);
        }
    }

    /** Starts a thread in it; so are those that it starts. */
    Thread start(Runnable task) {
        return Thread.ofPlatform().daemon().name("in-" + name).start(() -> {
            try {
                NetworkNamespace.enter(Path.of("/proc/" + pid() + "/ns/net"));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            task.run();
        });
    }

    @Override
    public void close() {
        holder.destroyForcibly();
        try {
            holder.waitFor();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
