package dev.godwit.peer;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * What one sending end knows: the frames that were not applied, the connection that carries them now, what was answered,
 * and whether it is over. No I/O. Thread-safe.
 */
final class StreamWindow {
    private final String name;
    private final long stallNanos;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final RetransmitRing ring;
    private final Map<Long, byte[]> replies = new HashMap<>();
    private @Nullable Connection connection;
    private @Nullable String host;
    private @Nullable IOException failure;
    private long transmitted;
    private long repliesSeen;
    private long progressAtNanos = System.nanoTime();

    StreamWindow(String name, PeerLimits limits) {
        this.name = name;
        this.stallNanos = limits.stallAfter().toNanos();
        this.ring = new RetransmitRing(limits.windowBytes());
    }

    /** One frame on its way to the socket. */
    record Outgoing(Connection connection, ByteBuffer frame, ByteKind kind) {}

    /** Room for a frame, or null while the window is full. */
    @Nullable
    ByteBuffer tryReserve(int bytes) throws IOException {
        lock.lock();
        try {
            throwIfOver();
            return ring.tryReserve(bytes);
        } finally {
            lock.unlock();
        }
    }

    /** Room for a frame; waits for acknowledgements, which the caller has asked for. */
    ByteBuffer reserve(int bytes) throws IOException {
        lock.lock();
        try {
            while (true) {
                throwIfOver();
                ByteBuffer room = ring.tryReserve(bytes);
                if (room != null) {
                    return room;
                }
                awaitProgress();
            }
        } finally {
            lock.unlock();
        }
    }

    /** The sequence that the next committed frame gets. */
    long nextSequence() {
        lock.lock();
        try {
            return ring.last() + 1;
        } finally {
            lock.unlock();
        }
    }

    void commit(int reserved, int bytes, ByteKind kind) throws IOException {
        lock.lock();
        try {
            throwIfOver();
            if (ring.released() == ring.last()) {
                progressAtNanos = System.nanoTime();
            }
            ring.commit(reserved, bytes, kind);
        } finally {
            lock.unlock();
        }
    }

    /** The next frame that the current connection has not carried, or null. */
    @Nullable
    Outgoing next() {
        lock.lock();
        try {
            Connection to = connection;
            if (to == null || transmitted >= ring.last()) {
                return null;
            }
            transmitted++;
            return new Outgoing(to, ring.frame(transmitted), ring.kind(transmitted));
        } finally {
            lock.unlock();
        }
    }

    /** A connection carries the stream from now on; what the peer has not applied goes over it again. */
    void attach(Connection to, String peer, long applied) throws IOException {
        lock.lock();
        try {
            throwIfOver();
            ring.release(applied);
            transmitted = applied;
            connection = to;
            host = peer;
            progressAtNanos = System.nanoTime();
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    @Nullable
    Connection detach() {
        lock.lock();
        try {
            Connection last = connection;
            connection = null;
            return last;
        } finally {
            lock.unlock();
        }
    }

    void acknowledge(long sequence) {
        lock.lock();
        try {
            release(sequence);
        } finally {
            lock.unlock();
        }
    }

    /** An answer says too that its frame, and with it all before, is applied. */
    void reply(long sequence, byte[] bytes) {
        lock.lock();
        try {
            release(sequence);
            if (sequence > repliesSeen) {
                repliesSeen = sequence;
                replies.put(sequence, bytes);
                changed.signalAll();
            }
        } finally {
            lock.unlock();
        }
    }

    private void release(long sequence) {
        if (sequence > transmitted) {
            throw new IllegalArgumentException("the peer acknowledged or answered frame " + sequence + ", but only "
                    + transmitted + " were sent to it");
        }
        if (ring.release(sequence)) {
            progressAtNanos = System.nanoTime();
            changed.signalAll();
        }
    }

    long repliesSeen() {
        lock.lock();
        try {
            return repliesSeen;
        } finally {
            lock.unlock();
        }
    }

    /** The connection to ask for an acknowledgement, or null when there is none or nothing waits for one. */
    @Nullable
    Connection toAsk() {
        lock.lock();
        try {
            return ring.released() < ring.last() ? connection : null;
        } finally {
            lock.unlock();
        }
    }

    long applied() {
        lock.lock();
        try {
            return ring.released();
        } finally {
            lock.unlock();
        }
    }

    /** The peer's host id, once it has taken the stream. */
    @Nullable
    String host() {
        lock.lock();
        try {
            return host;
        } finally {
            lock.unlock();
        }
    }

    /** Ends the stream; the first reason counts. Returns whether this was it. */
    boolean fail(IOException reason) {
        lock.lock();
        try {
            if (failure != null) {
                return false;
            }
            failure = reason;
            changed.signalAll();
            return true;
        } finally {
            lock.unlock();
        }
    }

    boolean over() {
        lock.lock();
        try {
            return failure != null;
        } finally {
            lock.unlock();
        }
    }

    /** Waits until the peer has taken the stream; false when it has not in time. */
    boolean awaitOpen(Duration timeout) throws IOException {
        long deadline = System.nanoTime() + timeout.toNanos();
        lock.lock();
        try {
            while (host == null) {
                throwIfOver();
                if (!await(deadline - System.nanoTime())) {
                    return false;
                }
            }
            return true;
        } finally {
            lock.unlock();
        }
    }

    void awaitApplied() throws IOException {
        lock.lock();
        try {
            long upTo = ring.last();
            while (ring.released() < upTo) {
                throwIfOver();
                awaitProgress();
            }
        } finally {
            lock.unlock();
        }
    }

    /** The answer to a frame, or null when none came in time. */
    byte @Nullable [] awaitReply(long sequence, Duration timeout) throws IOException {
        long deadline = System.nanoTime() + timeout.toNanos();
        lock.lock();
        try {
            while (true) {
                byte[] reply = replies.remove(sequence);
                if (reply != null) {
                    return reply;
                }
                throwIfOver();
                if (!await(deadline - System.nanoTime())) {
                    return null;
                }
            }
        } finally {
            lock.unlock();
        }
    }

    /** Waits a moment for a reconnect; false when the stream is over. */
    boolean pause(Duration time) throws IOException {
        long deadline = System.nanoTime() + time.toNanos();
        lock.lock();
        try {
            while (failure == null && await(deadline - System.nanoTime())) {
                // Woken by something else than the end: wait on.
            }
            return failure == null;
        } finally {
            lock.unlock();
        }
    }

    private void awaitProgress() throws IOException {
        long left = connection == null ? stallNanos : progressAtNanos + stallNanos - System.nanoTime();
        if (!await(left) && connection != null && System.nanoTime() - progressAtNanos >= stallNanos) {
            fail(new StreamFailed("stream " + name + ": " + host + " has applied nothing for " + stallNanos / 1_000_000
                    + " ms though it answers; frame " + (ring.released() + 1) + " is the first that waits"));
        }
    }

    @SuppressWarnings("WaitNotInLoop") // Every caller looks again at what it waits for.
    private boolean await(long nanos) throws IOException {
        try {
            return nanos > 0 && changed.await(nanos, TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
            throw Waits.interrupted("stream " + name);
        }
    }

    private void throwIfOver() throws IOException {
        if (failure instanceof PeerRefused refused) {
            throw refused;
        }
        if (failure != null) {
            throw new StreamFailed(String.valueOf(failure.getMessage()), failure);
        }
    }

    /** Gives the memory back. The caller knows that nobody uses a frame of it. */
    void release() {
        lock.lock();
        try {
            ring.close();
        } finally {
            lock.unlock();
        }
    }
}
