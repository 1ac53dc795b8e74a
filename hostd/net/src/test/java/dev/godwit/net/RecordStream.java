package dev.godwit.net;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/** Numbered records over one TCP connection, each answered by the other side. A reconnect is a failure. */
final class RecordStream {
    private static final int RECORD_BYTES = 64;
    private static final int CONNECT_MILLIS = 20_000;
    private static final int ANSWER_MILLIS = 20_000;

    private final String what;
    private final Socket connection;
    private final Future<Long> writer;
    private final Future<Long> reader;
    private volatile boolean stopped;
    private volatile long sent;
    private volatile long answered;
    private volatile long longestGapNanos;

    private RecordStream(String what, TestNamespace from, TestNamespace to, InetAddress address, int port, int rate)
            throws IOException {
        this.what = what;
        ServerSocket listener = to.in(() -> new ServerSocket(port));
        to.start(() -> echo(listener));
        this.connection = from.in(() -> {
            Socket made = new Socket();
            made.connect(new InetSocketAddress(address, port), CONNECT_MILLIS);
            made.setTcpNoDelay(true);
            made.setSoTimeout(ANSWER_MILLIS);
            return made;
        });
        this.writer = from.start(() -> write(rate));
        this.reader = from.start(this::read);
    }

    /** Connects and starts to send. */
    static RecordStream start(
            String what, TestNamespace from, TestNamespace to, InetAddress address, int port, int perSecond)
            throws IOException {
        return new RecordStream(what, from, to, address, port, perSecond);
    }

    private static long echo(ServerSocket listener) throws IOException {
        try (listener;
                Socket accepted = listener.accept()) {
            accepted.setTcpNoDelay(true);
            return accepted.getInputStream().transferTo(accepted.getOutputStream());
        }
    }

    private long write(int rate) throws IOException {
        Pace pace = new Pace(rate);
        DataOutputStream out = new DataOutputStream(connection.getOutputStream());
        byte[] record = new byte[RECORD_BYTES];
        while (!stopped) {
            pace.awaitTurn();
            ByteBuffer.wrap(record).putLong(sent);
            out.write(record);
            sent++;
        }
        connection.shutdownOutput();
        return sent;
    }

    private long read() throws IOException {
        DataInputStream in = new DataInputStream(connection.getInputStream());
        byte[] record = new byte[RECORD_BYTES];
        long last = System.nanoTime();
        while (!(stopped && writer.isDone() && answered == sent)) {
            try {
                in.readFully(record);
            } catch (EOFException ended) {
                if (stopped && answered == sent) {
                    return answered;
                }
                throw ended;
            }
            long number = ByteBuffer.wrap(record).getLong();
            if (number != answered) {
                throw new IOException(what + ": record " + number + " came where " + answered + " was due");
            }
            long now = System.nanoTime();
            longestGapNanos = Math.max(longestGapNanos, now - last);
            last = now;
            answered++;
        }
        return answered;
    }

    /** How many were answered so far. */
    long answeredSoFar() {
        return answered;
    }

    /** Stops to send and waits for the last answer. */
    Found stop() {
        stopped = true;
        try (connection) {
            writer.get(30, TimeUnit.SECONDS);
            reader.get(30, TimeUnit.SECONDS);
        } catch (Exception failed) {
            throw new AssertionError(
                    what + ": the connection was lost after " + answered + " of " + sent + " records: " + failed,
                    failed);
        }
        return new Found(what, sent, answered, Duration.ofNanos(longestGapNanos));
    }

    /** What became of the records. */
    record Found(String what, long sent, long answered, Duration longestGap) {}
}
