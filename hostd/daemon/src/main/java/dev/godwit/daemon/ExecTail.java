package dev.godwit.daemon;

import dev.godwit.api.ExecEnd;
import dev.godwit.api.ExecOutput;
import dev.godwit.api.ExecStreamName;
import dev.godwit.guest.ExecState;
import dev.godwit.guest.GuestChannel;
import dev.godwit.guest.GuestException;
import dev.godwit.guest.OutStream;
import dev.godwit.guest.OutputReader;
import java.io.IOException;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * Both output streams of a command as one sequence of pieces, then its end. Two threads read; they wait while the queue is
 * full, so the guest's window, and at last the command, waits for a slow client.
 */
final class ExecTail implements ExecReader {
    /** What one piece carries at most; a slow client holds little memory. */
    private static final int PIECE_BYTES = 64 << 10;
    /** Pieces that wait for the client, both streams together. */
    private static final int PIECES_MAX = 8;
    /** How long a reading thread waits before it looks whether it is still wanted. */
    private static final Duration LOOK = Duration.ofSeconds(1);
    /** All output is read when the end is asked for, so the command has ended, or is about to be reaped. */
    private static final Duration REAPED = Duration.ofSeconds(30);

    private final GuestChannel channel;
    private final String execId;
    private final OutputReader stdout;
    private final OutputReader stderr;
    private final BlockingQueue<Object> queue = new ArrayBlockingQueue<>(PIECES_MAX);
    private int ended;
    private volatile boolean closed;

    /** One of the two streams is at its end. */
    private record StreamEnded() {}

    private record Failed(IOException cause) {}

    private record Arrived(ExecOutput output) {}

    private ExecTail(GuestChannel channel, String execId, OutputReader stdout, OutputReader stderr) {
        this.channel = channel;
        this.execId = execId;
        this.stdout = stdout;
        this.stderr = stderr;
    }

    static ExecTail attach(String vmId, GuestChannel channel, String execId, long stdoutOffset, long stderrOffset)
            throws GuestException, InterruptedException {
        OutputReader stdout = channel.output(execId, OutStream.STDOUT, stdoutOffset);
        OutputReader stderr;
        try {
            stderr = channel.output(execId, OutStream.STDERR, stderrOffset);
        } catch (GuestException | InterruptedException e) {
            stdout.close();
            throw e;
        }
        ExecTail tail = new ExecTail(channel, execId, stdout, stderr);
        Thread.ofVirtual().name("stdout-" + vmId).start(() -> tail.pump(stdout, ExecStreamName.STDOUT));
        Thread.ofVirtual().name("stderr-" + vmId).start(() -> tail.pump(stderr, ExecStreamName.STDERR));
        return tail;
    }

    private void pump(OutputReader reader, ExecStreamName name) {
        try {
            while (!closed) {
                switch (reader.next(LOOK)) {
                    case dev.godwit.guest.Output.Piece piece -> offer(name, piece);
                    case dev.godwit.guest.Output.End end -> {
                        put(new StreamEnded());
                        return;
                    }
                    case dev.godwit.guest.Output.Quiet quiet -> {}
                }
            }
        } catch (GuestException e) {
            putLast(new Failed(e));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void offer(ExecStreamName name, dev.godwit.guest.Output.Piece piece) throws InterruptedException {
        for (int from = 0; from < piece.bytes().length; from += PIECE_BYTES) {
            byte[] part = Arrays.copyOfRange(piece.bytes(), from, Math.min(piece.bytes().length, from + PIECE_BYTES));
            put(new Arrived(ExecOutput.of(name, piece.offset() + from, part)));
        }
    }

    private void put(Object item) throws InterruptedException {
        while (!closed && !queue.offer(item, LOOK.toMillis(), TimeUnit.MILLISECONDS)) {}
    }

    private void putLast(Object item) {
        try {
            put(item);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public Item next(Duration wait) throws IOException {
        try {
            long until = System.nanoTime() + wait.toNanos();
            while (true) {
                Object item = queue.poll(Math.max(0, until - System.nanoTime()), TimeUnit.NANOSECONDS);
                switch (item) {
                    case null -> {
                        return new Nothing();
                    }
                    case Arrived piece -> {
                        return new Output(piece.output());
                    }
                    case Failed failed -> throw failed.cause();
                    default -> {
                        if (++ended == 2) {
                            return end();
                        }
                    }
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("reading exec " + execId + " was interrupted", e);
        }
    }

    private Item end() throws GuestException, InterruptedException {
        ExecState state = channel.await(execId, REAPED);
        return switch (state) {
            case ExecState.Exited exited -> new End(new ExecEnd(exited.code(), null));
            case ExecState.Killed killed -> new End(new ExecEnd(null, killed.signal()));
            case ExecState.Running running ->
                throw new GuestException("exec " + execId + " closed its output and still runs; ask for it again");
        };
    }

    @Override
    public void close() {
        closed = true;
        stdout.close();
        stderr.close();
    }
}
