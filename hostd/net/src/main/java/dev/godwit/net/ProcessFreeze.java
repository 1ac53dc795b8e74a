package dev.godwit.net;

import dev.godwit.linux.Pidfd;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;

/** Stops every thread of a process for a moment; the process goes on when this is closed. */
final class ProcessFreeze implements AutoCloseable {
    private static final int SIGCONT = 18;
    private static final int SIGSTOP = 19;
    /** Threads stop in microseconds; on a busy machine it may take longer. */
    private static final Duration STOPPED_WITHIN = Duration.ofSeconds(2);

    private final Pidfd process;

    private ProcessFreeze(Pidfd process) {
        this.process = process;
    }

    /**
     * Returns when no thread of the process runs any more.
     *
     * @param process borrowed
     * @throws IOException it did not stop in time, and goes on
     */
    static ProcessFreeze of(Pidfd process) throws IOException {
        process.signal(SIGSTOP);
        ProcessFreeze freeze = new ProcessFreeze(process);
        try {
            freeze.awaitStopped();
            return freeze;
        } catch (IOException | RuntimeException failed) {
            freeze.close();
            throw failed;
        }
    }

    private void awaitStopped() throws IOException {
        long deadline = System.nanoTime() + STOPPED_WITHIN.toNanos();
        while (!isStopped()) {
            if (System.nanoTime() > deadline) {
                throw new IOException("process " + process.pid() + " did not stop within " + STOPPED_WITHIN.toMillis()
                        + " ms of SIGSTOP");
            }
            Thread.onSpinWait();
        }
    }

    private boolean isStopped() throws IOException {
        Path tasks = Path.of("/proc", Long.toString(process.pid()), "task");
        try (DirectoryStream<Path> all = Files.newDirectoryStream(tasks)) {
            for (Path task : all) {
                if (!isStopped(task.resolve("stat"))) {
                    return false;
                }
            }
            return true;
        }
    }

    /** The state is the first word behind the name, which stands in brackets and may hold anything. */
    private static boolean isStopped(Path stat) throws IOException {
        try {
            String line = Files.readString(stat);
            char state = line.charAt(line.lastIndexOf(')') + 2);
            return state == 'T' || state == 't' || state == 'Z' || state == 'X';
        } catch (NoSuchFileException ended) {
            return true;
        }
    }

    @Override
    public void close() throws IOException {
        process.signal(SIGCONT);
    }
}
