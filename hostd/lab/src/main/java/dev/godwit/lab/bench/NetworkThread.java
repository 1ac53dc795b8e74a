package dev.godwit.lab.bench;

import dev.godwit.lab.HostNamespaces;
import dev.godwit.linux.NetworkNamespace;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** A thread of this process in a machine's network namespace: what hostd's network code does there, it does here. */
final class NetworkThread implements AutoCloseable {
    private final String machine;
    private final ExecutorService thread;

    private NetworkThread(String machine, ExecutorService thread) {
        this.machine = machine;
        this.thread = thread;
    }

    static NetworkThread in(HostNamespaces machine) throws IOException, InterruptedException {
        ExecutorService one = Executors.newSingleThreadExecutor(
                Thread.ofPlatform().name("net-" + machine.name()).daemon().factory());
        NetworkThread entered = new NetworkThread(machine.name(), one);
        entered.call(() -> {
            NetworkNamespace.enter(Path.of("/proc/" + machine.initPid() + "/ns/net"));
            return machine.name();
        });
        return entered;
    }

    /** Runs work there and gives its result. */
    <T> T call(Callable<T> work) throws IOException, InterruptedException {
        try {
            return thread.submit(work).get();
        } catch (ExecutionException failed) {
            if (failed.getCause() instanceof IOException io) {
                throw io;
            }
            throw new IOException("on " + machine + ": " + failed.getCause(), failed.getCause());
        }
    }

    @Override
    public void close() {
        thread.shutdownNow();
    }
}
