package dev.godwit.jenkins.broker;

import dev.godwit.lab.Patience;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/** Keeps what a broker tells, as lines. */
public final class SeenEvents implements AgentEvents {
    /** For what takes a second where nothing else runs. */
    static final Duration LIMIT = Duration.ofMinutes(2);

    /** As {@code moved NODE host-a host-b 47.0}; {@link #available()} is counted. */
    public final List<String> lines = new CopyOnWriteArrayList<>();

    private int available;

    @Override
    public void moving(String node, String from) {
        lines.add("moving " + node + " " + from);
    }

    @Override
    public void moved(String node, String from, String host, @Nullable Double pausedMillis) {
        lines.add("moved " + node + " " + from + " " + host + " " + pausedMillis);
    }

    @Override
    public void movedBack(String node, String host, String why) {
        lines.add("movedBack " + node + " " + host + " " + why);
    }

    @Override
    public void lost(String node, String cause) {
        lines.add("lost " + node + " " + cause);
    }

    @Override
    public void ended(String node, @Nullable Integer exit, String cause) {
        lines.add("ended " + node + " " + exit + " " + cause);
    }

    @Override
    public synchronized void available() {
        available++;
        notifyAll();
    }

    /** Waits for room that may have come since it was asked for so many times; gives how often it has come. */
    public synchronized int awaitAvailable(int seen) throws InterruptedException {
        long end = System.nanoTime() + LIMIT.toNanos();
        while (available == seen) {
            long left = end - System.nanoTime();
            if (left <= 0) {
                throw new AssertionError("nothing became available within " + LIMIT.toSeconds() + " s");
            }
            wait(left / 1_000_000 + 1);
        }
        return available;
    }

    public synchronized int timesAvailable() {
        return available;
    }

    /** Waits for a line that begins so, and gives it. */
    public String awaitLine(String beginning) {
        return awaitLine(beginning, LIMIT);
    }

    /** The same for so long. */
    public String awaitLine(String beginning, Duration limit) {
        return Patience.waitFor(
                "an event \"" + beginning + "\"",
                limit,
                () -> lines.stream().filter(line -> line.startsWith(beginning)).findFirst());
    }
}
