package dev.godwit.lab;

import dev.godwit.api.ExecEnd;
import dev.godwit.api.ExecStreamName;
import dev.godwit.client.ExecStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A build that runs in a guest, its output followed by a client, shown and recorded. Its own thread reads; all methods
 * may be called from any thread.
 */
final class BuildRun implements AutoCloseable {
    /** A build's log has some kilobytes; more is a guest gone wrong. */
    private static final int LOG_BYTES_MAX = 16 << 20;

    private final ExecStream stream;
    private final PrintStream terminal;
    private final String prefix;
    private final Instant startedAt;
    private final Thread reader;
    private final ByteArrayOutputStream log = new ByteArrayOutputStream();
    private final StringBuilder line = new StringBuilder();
    private int objects;
    private @Nullable ExecEnd end;
    private @Nullable Instant endedAt;
    private @Nullable Throwable failure;

    private BuildRun(ExecStream stream, PrintStream terminal, String prefix) {
        this.stream = stream;
        this.terminal = terminal;
        this.prefix = prefix;
        this.startedAt = Instant.now();
        this.reader = Thread.ofPlatform().name("build-log").daemon().unstarted(this::follow);
    }

    /** @param prefix of each line on the terminal */
    static BuildRun start(Guest guest, LuaBuild build, PrintStream terminal, String prefix) throws IOException {
        BuildRun run = new BuildRun(guest.output(guest.start(build.request())), terminal, prefix);
        run.reader.start();
        return run;
    }

    /**
     * Waits until so many objects are compiled.
     *
     * @throws LabException if the build ends first, or {@code limit} passes
     */
    synchronized void awaitObjects(int count, Duration limit) throws InterruptedException {
        long until = System.nanoTime() + limit.toNanos();
        while (objects < count) {
            if (end != null || failure != null) {
                throw new LabException("the build ended after " + objects + " objects, before the " + count
                        + " that were waited for: " + outcome());
            }
            wait(millisLeft(until, "object " + count + " of the build; it has " + objects));
        }
    }

    /** Waits until it has ended and gives its exit status as a shell says it. */
    synchronized int awaitEnd(Duration limit) throws InterruptedException {
        long until = System.nanoTime() + limit.toNanos();
        while (end == null) {
            if (failure != null) {
                throw new LabException("the build's output can't be followed: " + failure.getMessage(), failure);
            }
            wait(millisLeft(until, "the end of the build; it has " + objects + " objects"));
        }
        return end.shellStatus();
    }

    /** What the client received on standard output so far. */
    synchronized byte[] log() {
        return log.toByteArray();
    }

    synchronized int objects() {
        return objects;
    }

    /** From the start to the end; null while it runs. */
    synchronized @Nullable Double wallSeconds() {
        return endedAt == null ? null : Duration.between(startedAt, endedAt).toMillis() / 1000.0;
    }

    /** How often the client had to attach to another host. */
    int reattached() {
        return stream.reconnects();
    }

    /** Detaches; the build runs on. */
    @Override
    public void close() {
        stream.close();
    }

    private static long millisLeft(long until, String what) {
        long left = (until - System.nanoTime()) / 1_000_000;
        if (left <= 0) {
            throw new LabException("waited in vain for " + what);
        }
        return left;
    }

    private String outcome() {
        return end != null ? "exit status " + end.shellStatus() : String.valueOf(failure);
    }

    private void follow() {
        try {
            for (var output = stream.next(); output != null; output = stream.next()) {
                take(output.bytes(), output.stream() == ExecStreamName.STDOUT);
            }
            ended(stream.end());
        } catch (IOException | RuntimeException e) {
            synchronized (this) {
                failure = e;
                notifyAll();
            }
        }
    }

    private synchronized void ended(ExecEnd how) {
        end = how;
        endedAt = Instant.now();
        notifyAll();
    }

    private synchronized void take(byte[] bytes, boolean stdout) throws IOException {
        if (stdout) {
            if (log.size() + bytes.length > LOG_BYTES_MAX) {
                throw new IOException("the build wrote more than " + LOG_BYTES_MAX + " bytes");
            }
            log.write(bytes);
        }
        for (char each : new String(bytes, StandardCharsets.UTF_8).toCharArray()) {
            if (each != '\n') {
                line.append(each);
                continue;
            }
            terminal.println(prefix + line);
            if (stdout && LuaBuild.tellsOfAnObject(line.toString())) {
                objects++;
            }
            line.setLength(0);
        }
        notifyAll();
    }
}
