package dev.godwit.peer;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.time.Duration;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps one stream connected: dials, says which stream it is and what was answered, has the unapplied frames sent again,
 * and reads acknowledgements, on one platform thread, until the stream is over.
 */
final class StreamCarrier implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(StreamCarrier.class);

    private final String id;
    private final byte[] hello;
    private final Dialer dialer;
    private final PeerLimits limits;
    private final StreamWindow window;
    private final TrafficCount traffic;
    private final ReentrantLock writing;
    private final Runnable transmit;
    private final Thread thread;
    private volatile @Nullable Connection dialling;
    private volatile String lastProblem = "none";
    private long connectedAtNanos = System.nanoTime();
    private Duration backoff;

    StreamCarrier(
            String id,
            byte[] hello,
            Dialer dialer,
            StreamWindow window,
            TrafficCount traffic,
            ReentrantLock writing,
            Runnable transmit) {
        this.id = id;
        this.hello = hello;
        this.dialer = dialer;
        this.limits = dialer.limits();
        this.window = window;
        this.traffic = traffic;
        this.writing = writing;
        this.transmit = transmit;
        this.backoff = limits.backoffFirst();
        // Made once here so that a bad id fails at the caller.
        OpenMessage.bytes(false, 0, id, hello);
        this.thread = Thread.ofPlatform().daemon().name("peer-stream-" + id).unstarted(this::run);
    }

    void start() {
        thread.start();
    }

    String peer() {
        return String.valueOf(dialer.peer());
    }

    String lastProblem() {
        return lastProblem;
    }

    private void run() {
        try {
            do {
                carryOnce();
                long downNanos = System.nanoTime() - connectedAtNanos;
                if (downNanos > limits.abandonAfter().toNanos()) {
                    window.fail(new StreamFailed("stream " + id + ": no connection to " + peer() + " for "
                            + downNanos / 1_000_000 + " ms, given up; last trouble: " + lastProblem));
                }
            } while (backOff());
        } catch (RuntimeException e) {
            LOG.error("stream {} to {} broke", id, peer(), e);
            window.fail(new StreamFailed("stream " + id + " to " + peer() + " broke: " + e, e));
        }
    }

    private boolean backOff() {
        try {
            boolean goOn = window.pause(backoff);
            backoff = backoff.multipliedBy(2);
            backoff = backoff.compareTo(limits.backoffMax()) > 0 ? limits.backoffMax() : backoff;
            return goOn;
        } catch (IOException e) {
            window.fail(new StreamFailed("stream " + id + " was interrupted", e));
            return false;
        }
    }

    /** One connection, from dialling to its loss. */
    private void carryOnce() {
        Connection connection = null;
        try {
            Dialer.Dialled dialled = dialer.dial(Hello.Use.STREAM, traffic);
            connection = dialled.connection();
            dialling = connection;
            attach(connection, dialled.host());
            read(connection);
        } catch (PeerRefused e) {
            window.fail(new PeerRefused(e.code(), "stream " + id + " refused by " + peer() + ": " + e.sentence()));
        } catch (StreamFailed e) {
            window.fail(e);
        } catch (InterruptedIOException e) {
            window.fail(new StreamFailed("stream " + id + " was interrupted", e));
        } catch (IOException e) {
            if (!window.over()) {
                lastProblem = e.getMessage() == null ? e.toString() : e.getMessage();
                LOG.info("stream {} to {}: {}", id, peer(), lastProblem);
            }
        } finally {
            dialling = null;
            window.detach();
            if (connection != null) {
                dialer.hangUp(connection);
            }
        }
    }

    private void attach(Connection connection, String host) throws IOException {
        byte[] open = OpenMessage.bytes(window.host() != null, window.repliesSeen(), id, hello);
        // A receiver that is stuck in a frame of the last connection answers heartbeats, but not this.
        connection.deadline(limits.stallAfter());
        traffic.add(ByteKind.CONTROL, connection.write(Frame.of(Frame.OPEN, 0, 0, open)));
        Frame answer = connection.read();
        while (answer.type() == Frame.HEARTBEAT) {
            answer = connection.read();
        }
        switch (answer.type()) {
            case Frame.REFUSED -> throw Refusal.of(answer.bytes());
            case Frame.OPENED -> {
                connection.noDeadline();
                long applied = answer.sequence();
                writing.lock();
                try {
                    window.attach(connection, host, applied);
                } finally {
                    writing.unlock();
                }
                backoff = limits.backoffFirst();
            }
            default -> throw new BadFrame("answer to open has type " + answer.type());
        }
        // The sender's thread may be waiting for room: this thread must read acknowledgements, so another one sends
        // again.
        Thread.ofPlatform().daemon().name("peer-resend-" + id).start(transmit);
    }

    private void read(Connection connection) throws IOException {
        try {
            while (true) {
                Frame frame = connection.read();
                switch (frame.type()) {
                    case Frame.HEARTBEAT -> {}
                    case Frame.ACK -> window.acknowledge(frame.sequence());
                    case Frame.REPLY -> window.reply(frame.sequence(), frame.bytes());
                    case Frame.FAILED ->
                        throw new StreamFailed("stream " + id + ": " + window.host() + " failed: " + frame.text());
                    default -> throw new BadFrame("frame type " + frame.type() + " from the receiver of a stream");
                }
            }
        } finally {
            connectedAtNanos = System.nanoTime();
        }
    }

    @Override
    public void close() {
        Connection now = dialling;
        if (now != null) {
            now.close("closed");
        }
        if (Thread.currentThread() != thread && thread.getState() != Thread.State.NEW) {
            thread.interrupt();
            Waits.join(thread, limits.connectTimeout().plusSeconds(1));
        }
    }
}
