package dev.godwit.daemon;

import java.io.IOException;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

/**
 * A part of a move's work that goes on beside the thread that carries the move. It has a time-out of its own and is over
 * when this is closed: nobody may let the VM run, or close what it works on, under it.
 */
final class Beside<V> implements AutoCloseable {
    private final FutureTask<V> work;
    private final Thread thread;

    private Beside(FutureTask<V> work, Thread thread) {
        this.work = work;
        this.thread = thread;
    }

    /** Begins on a platform thread of this name. */
    static <V> Beside<V> start(String name, Callable<V> work) {
        FutureTask<V> task = new FutureTask<>(work);
        return new Beside<>(task, Thread.ofPlatform().name(name).start(task));
    }

    /**
     * What it came to.
     *
     * @throws IOException it failed, or this thread was interrupted, which stays interrupted
     */
    V get() throws IOException {
        try {
            return work.get();
        } catch (ExecutionException e) {
            throw e.getCause() instanceof IOException cause
                    ? cause
                    : new IOException(thread.getName() + " failed: " + e.getCause(), e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while " + thread.getName() + " went on", e);
        }
    }

    /** Waits for its end, interrupted or not. */
    @Override
    public void close() {
        boolean interrupted = Thread.interrupted();
        while (thread.isAlive()) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
