package dev.godwit.lab.valkey;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/**
 * Writers that each hold one connection and never make it anew. A writer counts a number up at the server and writes each
 * number under a key of its own: an answer out of sequence is a write that was lost or done twice. In the end every number
 * that was acknowledged is read again. A thread for each writer; all methods may be called from any thread.
 */
public final class AcknowledgedWrites implements AutoCloseable {
    private static final int KEYS_PER_READ = 500;

    private final InetSocketAddress server;
    private final List<Writer> writers = new ArrayList<>();
    private volatile boolean stopped;

    private AcknowledgedWrites(InetSocketAddress server) {
        this.server = server;
    }

    /**
     * What came of the writes.
     *
     * @param acknowledged writes that the server has acknowledged
     * @param lost of them, those that are not there any more, or with another content
     * @param problems of connections, a sentence each; empty if every writer held its connection to the end
     * @param maxWaitMillis the longest that an acknowledgement took
     */
    public record Outcome(long acknowledged, long lost, List<String> problems, double maxWaitMillis) {
        public Outcome {
            problems = List.copyOf(problems);
        }
    }

    /**
     * Connects and starts writing.
     *
     * @param writers how many connections
     * @param perSecond writes of each
     */
    public static AcknowledgedWrites start(InetSocketAddress server, int writers, int perSecond) throws IOException {
        AcknowledgedWrites all = new AcknowledgedWrites(server);
        try {
            for (int i = 0; i < writers; i++) {
                all.writers.add(all.new Writer(i, RespConnection.open(server), 1_000_000_000L / perSecond));
            }
        } catch (IOException e) {
            all.close();
            throw e;
        }
        all.writers.forEach(writer -> writer.thread.start());
        return all;
    }

    /** Writes acknowledged so far. */
    public long acknowledged() {
        return writers.stream().mapToLong(writer -> writer.acknowledged).sum();
    }

    /** Stops the writers and reads everything again over a fresh connection. */
    public Outcome finish() throws IOException, InterruptedException {
        stopped = true;
        List<String> problems = new ArrayList<>();
        for (Writer writer : writers) {
            writer.thread.join();
            String problem = writer.problem;
            if (problem != null) {
                problems.add(problem);
            }
        }
        long lost = 0;
        try (RespConnection reader = RespConnection.open(server)) {
            for (Writer writer : writers) {
                lost += writer.missing(reader);
            }
        }
        return new Outcome(
                acknowledged(),
                lost,
                problems,
                writers.stream().mapToLong(writer -> writer.maxWaitNanos).max().orElse(0) / 1e6);
    }

    @Override
    public void close() throws IOException {
        stopped = true;
        for (Writer writer : writers) {
            writer.connection.close();
        }
    }

    private final class Writer {
        private final int number;
        private final RespConnection connection;
        private final long intervalNanos;
        private final Thread thread;
        private volatile long acknowledged;
        private volatile long maxWaitNanos;
        private volatile @Nullable String problem;

        Writer(int number, RespConnection connection, long intervalNanos) {
            this.number = number;
            this.connection = connection;
            this.intervalNanos = intervalNanos;
            this.thread = Thread.ofPlatform().name("writer-" + number).daemon().unstarted(this::write);
        }

        private void write() {
            long due = System.nanoTime();
            try {
                for (long next = 1; !stopped; next++) {
                    LockSupport.parkNanos(due - System.nanoTime());
                    due = Math.max(due + intervalNanos, System.nanoTime() - intervalNanos);
                    long asked = System.nanoTime();
                    List<@Nullable Object> answers = connection.ask(
                            List.of(List.of("INCR", counter()), List.of("SET", key(next), Long.toString(next))));
                    maxWaitNanos = Math.max(maxWaitNanos, System.nanoTime() - asked);
                    if (!List.of(next, "OK").equals(answers)) {
                        throw new IOException("instead of number " + next + " the server answers " + answers);
                    }
                    acknowledged = next;
                }
            } catch (IOException e) {
                problem = "writer " + number + " after write " + acknowledged + ": " + e.getMessage();
            }
        }

        /** Of the acknowledged writes, those that the server does not have. */
        private long missing(RespConnection reader) throws IOException {
            long missing = 0;
            Object count = reader.ask(List.of(List.of("GET", counter()))).getFirst();
            if (!(count instanceof String text) || Long.parseLong(text) < acknowledged) {
                missing++;
            }
            for (long from = 1; from <= acknowledged; from += KEYS_PER_READ) {
                long to = Math.min(acknowledged, from + KEYS_PER_READ - 1);
                List<String> read = new ArrayList<>(List.of("MGET"));
                LongStream.rangeClosed(from, to).forEach(write -> read.add(key(write)));
                Object answer = reader.ask(List.of(read)).getFirst();
                if (!(answer instanceof List<?> values) || values.size() != to - from + 1) {
                    throw new IOException("the server does not answer a reading of " + (to - from + 1) + " keys");
                }
                for (long write = from; write <= to; write++) {
                    if (!Long.toString(write).equals(values.get((int) (write - from)))) {
                        missing++;
                    }
                }
            }
            return missing;
        }

        private String counter() {
            return "godwit:count:" + number;
        }

        private String key(long write) {
            return "godwit:write:" + number + ":" + write;
        }
    }
}
