package dev.godwit.peer;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * One connection. One thread reads (and calls {@link #release} when it stops), any thread writes or closes.
 *
 * <p>A thread of its own sends heartbeats, so that a receiver that is busy applying is not taken for a dead path; a
 * heartbeat that blocks because the path is dead holds nobody up.
 */
final class Connection implements AutoCloseable {
    private static final long NEVER = Long.MAX_VALUE;

    private final PeerChannel channel;
    private final String remote;
    private final FrameReader reader;
    private final ReentrantLock writing = new ReentrantLock();
    private final CountDownLatch closed = new CountDownLatch(1);
    private volatile long readingSinceNanos = NEVER;
    private volatile long wroteAtNanos;
    private volatile long deadlineNanos = NEVER;
    private volatile @Nullable String closedBecause;

    Connection(PeerChannel channel, String remote) {
        this.channel = channel;
        this.remote = remote;
        this.reader = new FrameReader(new Listening());
    }

    String remote() {
        return remote;
    }

    /** Reads the next frame. */
    Frame read() throws IOException {
        try {
            return reader.read();
        } catch (IOException e) {
            String why = closedBecause;
            throw why == null || e instanceof BadFrame ? e : new IOException(why, e);
        }
    }

    /** The channel, with a note of since when nothing has come: a large frame over a slow link is not silence. */
    private final class Listening implements ReadableByteChannel {
        @Override
        public int read(ByteBuffer into) throws IOException {
            readingSinceNanos = System.nanoTime();
            try {
                return channel.read(into);
            } finally {
                readingSinceNanos = NEVER;
            }
        }

        @Override
        public boolean isOpen() {
            return channel.isOpen();
        }

        @Override
        public void close() throws IOException {
            channel.close();
        }
    }

    /** Agrees on keys; to be called once, before anything is read, while a deadline runs. */
    void secure() throws IOException {
        try {
            channel.secure();
        } catch (IOException e) {
            String why = closedBecause;
            throw why == null ? e : new IOException(why, e);
        }
    }

    /**
     * The hello must be of the host whose certificate was shown.
     *
     * @throws BadFrame it is another's
     */
    void requireHost(String hello) throws BadFrame {
        String shown = channel.host();
        if (shown != null && !shown.equals(hello)) {
            throw new BadFrame("it says that it is " + hello + ", and its certificate is of " + shown);
        }
    }

    boolean stillGood() {
        return channel.stillGood();
    }

    void trust() {
        reader.trust();
        channel.widen();
    }

    /** Writes a whole frame; returns its bytes. */
    int write(ByteBuffer frame) throws IOException {
        int bytes = frame.remaining();
        writing.lock();
        try {
            while (frame.hasRemaining()) {
                channel.write(frame);
            }
        } catch (IOException e) {
            String why = closedBecause;
            throw why == null ? e : new IOException(why, e);
        } finally {
            writing.unlock();
        }
        wroteAtNanos = System.nanoTime();
        return bytes;
    }

    /** Sends a heartbeat whenever nothing else was said for {@code every}, until closed. */
    void beat(Duration every, TrafficCount traffic) {
        Thread.ofPlatform().daemon().name("peer-beat-" + remote).start(() -> {
            try {
                while (!closed.await(every.toNanos(), TimeUnit.NANOSECONDS)) {
                    if (System.nanoTime() - wroteAtNanos >= every.toNanos() / 2) {
                        traffic.add(ByteKind.CONTROL, write(Frame.of(Frame.HEARTBEAT, 0)));
                    }
                }
            } catch (IOException e) {
                close("a heartbeat to " + remote + " failed: " + e.getMessage());
            } catch (InterruptedException e) {
                close("the heartbeat to " + remote + " was interrupted");
            }
        });
    }

    /** Closed by the watch {@code within} this time, unless {@link #noDeadline} comes first. */
    void deadline(Duration within) {
        deadlineNanos = System.nanoTime() + within.toNanos();
    }

    void noDeadline() {
        deadlineNanos = NEVER;
    }

    /** Whether the other end should have said something by now. */
    boolean overdue(long nowNanos, Duration silence) {
        long since = readingSinceNanos;
        long deadline = deadlineNanos;
        return (since != NEVER && nowNanos - since > silence.toNanos())
                || (deadline != NEVER && nowNanos - deadline > 0);
    }

    boolean isClosed() {
        return closed.getCount() == 0;
    }

    void close(String because) {
        if (closedBecause == null) {
            closedBecause = because;
        }
        close();
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException e) {
            // The descriptor is gone either way; what was in flight is sent again or answered as lost.
            closedBecause = "closing failed: " + e.getMessage();
        } finally {
            closed.countDown();
        }
    }

    /** The reading thread has stopped: gives its memory back. */
    void release() {
        close();
        reader.close();
    }
}
