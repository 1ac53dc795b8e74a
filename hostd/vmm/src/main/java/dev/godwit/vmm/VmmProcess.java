package dev.godwit.vmm;

import dev.godwit.linux.LinuxException;
import dev.godwit.linux.Pidfd;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A VMM process, told from a later one with the same number by its start time and held by a pidfd. It is a child of this
 * hostd, or of an earlier one: both kinds are watched the same way. Thread-safe.
 */
public final class VmmProcess implements AutoCloseable {
    /** How often the watching thread looks whether it should let go; the process's end itself wakes it at once. */
    private static final Duration WATCH_STEP = Duration.ofMillis(500);

    private static final int SIGKILL = 9;

    private static final Logger LOG = LoggerFactory.getLogger(VmmProcess.class);

    private final long pid;
    private final long startTicks;
    private final Pidfd pidfd;
    private final CompletableFuture<Void> exited = new CompletableFuture<>();
    private volatile boolean closing;
    /** Whether the pidfd is closed; under its lock. */
    private boolean letGo;

    private VmmProcess(long pid, long startTicks, Pidfd pidfd) {
        this.pid = pid;
        this.startTicks = startTicks;
        this.pidfd = pidfd;
        Thread.ofPlatform().daemon().name("vmm-" + pid + "-watch").start(this::watch);
    }

    /**
     * Takes hold of a running process.
     *
     * @param startTicks clock ticks from boot to its start: field 22 of {@code /proc/PID/stat} (proc(5))
     * @throws IOException there is no such process, or only a later one with the same number
     */
    public static VmmProcess open(long pid, long startTicks) throws IOException {
        Pidfd pidfd = Pidfd.open(pid);
        try {
            long seen = startTicks(pid);
            if (seen != startTicks) {
                throw new IOException("process " + pid + " started at tick " + seen + ", not at " + startTicks
                        + ": the VMM is gone and its number was given away");
            }
            return new VmmProcess(pid, startTicks, pidfd);
        } catch (IOException | RuntimeException failed) {
            pidfd.close();
            throw failed;
        }
    }

    /**
     * Takes hold of the process that the launcher wrote down: {@code PID STARTTIME}.
     *
     * @throws IOException the file is not there or holds something else, or the process is gone
     */
    public static VmmProcess open(Path pidFile) throws IOException {
        String text = Files.readString(pidFile).strip();
        if (!text.matches("[1-9][0-9]{0,9} [0-9]{1,18}")) {
            throw new IOException("pid file " + pidFile + " holds '" + text + "', not a pid and a start time");
        }
        int space = text.indexOf(' ');
        return open(Long.parseLong(text.substring(0, space)), Long.parseLong(text.substring(space + 1)));
    }

    /** The process id. */
    public long pid() {
        return pid;
    }

    /** The arguments it runs with. */
    public List<String> commandLine() throws IOException {
        String text = Files.readString(proc(pid, "cmdline"), StandardCharsets.ISO_8859_1);
        return List.of(text.split("\0", -1));
    }

    /** The real user id. */
    public int uid() throws IOException {
        try (var lines = Files.lines(proc(pid, "status"), StandardCharsets.ISO_8859_1)) {
            return lines.filter(line -> line.startsWith("Uid:"))
                    .map(line -> Integer.parseInt(line.split("\\s+", -1)[1]))
                    .findFirst()
                    .orElseThrow(() -> new IOException("process " + pid + " has no user"));
        } catch (UncheckedIOException gone) {
            throw gone.getCause();
        }
    }

    /** Completes when the process is gone, however it went. */
    public CompletableFuture<Void> exited() {
        return exited.copy();
    }

    /**
     * Sends SIGKILL and waits.
     *
     * @throws IOException it is not gone after {@code limit}
     */
    public void kill(Duration limit) throws IOException {
        // The watching thread closes the pidfd, and its number may be another file's at once.
        synchronized (pidfd) {
            if (letGo) {
                if (!exited.isDone()) {
                    throw new IOException("process " + pid + " was let go of and can't be ended from here");
                }
            } else {
                try {
                    pidfd.signal(SIGKILL);
                } catch (LinuxException refused) {
                    LOG.debug("process {} was gone before SIGKILL", pid, refused);
                }
            }
        }
        if (!awaitExit(limit)) {
            throw new IOException("process " + pid + " is not gone " + limit.toMillis()
                    + " ms after SIGKILL: it hangs in the kernel");
        }
    }

    /** Waits for the end; false when {@code limit} passed first. */
    public boolean awaitExit(Duration limit) throws IOException {
        try {
            exited.get(limit.toNanos(), TimeUnit.NANOSECONDS);
            return true;
        } catch (TimeoutException runs) {
            return false;
        } catch (ExecutionException unwatched) {
            throw new IOException("process " + pid + " can't be watched: " + unwatched.getMessage(), unwatched);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while process " + pid + " ends", interrupted);
        }
    }

    private void watch() {
        try {
            while (!closing) {
                if (pidfd.awaitExit(WATCH_STEP)) {
                    exited.complete(null);
                    return;
                }
            }
        } catch (IOException failed) {
            exited.completeExceptionally(failed);
        } finally {
            synchronized (pidfd) {
                letGo = true;
                pidfd.close();
            }
        }
    }

    private static long startTicks(long pid) throws IOException {
        String text = Files.readString(proc(pid, "stat"), StandardCharsets.ISO_8859_1);
        // The command name, field 2, may hold spaces and brackets.
        return Long.parseLong(text.substring(text.lastIndexOf(')') + 2).split(" ", -1)[19]);
    }

    private static Path proc(long pid, String file) {
        return Path.of("/proc", Long.toString(pid), file);
    }

    /** Lets go of the process without ending it. */
    @Override
    public void close() {
        closing = true;
    }

    @Override
    public String toString() {
        return "process " + pid + " (started at tick " + startTicks + ")";
    }
}
