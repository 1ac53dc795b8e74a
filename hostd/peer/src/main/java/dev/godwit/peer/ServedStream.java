package dev.godwit.peer;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The receiving end of one stream, over as many connections as it takes. The thread of the current connection holds
 * {@code applying} while it serves; a new connection closes the old one and waits for it.
 */
final class ServedStream {
    /** Applied and not acknowledged, at most: half of the smallest window, a sixteenth of the standard one. */
    private static final int ACK_EVERY_BYTES = 1 << 20;
    /** The same for small frames: an eighth of what the sender may have under way. */
    private static final int ACK_EVERY_FRAMES = RetransmitRing.FRAMES_MAX / 8;
    /** Replies kept for a sender that lost its connection: more requests than it may have open. */
    static final int REPLIES_MAX = 16;

    @SuppressWarnings("ArrayRecordComponent") // Made and read once, never compared.
    private record Reply(long sequence, byte[] bytes) {}

    private final String id;
    private final String host;
    /** Let go of at the end: only its sender may still ask how far it came. */
    private @Nullable StreamReceiver receiver;

    private final TrafficCount traffic;
    private final AtomicLong duplicates;
    private final ReentrantLock applying = new ReentrantLock();
    private final Deque<Reply> replies = new ArrayDeque<>();
    private @Nullable Connection current;
    private boolean abandoned;
    private long detachedAtNanos = System.nanoTime();
    private volatile long applied;
    private volatile boolean ended;
    private volatile @Nullable String failure;
    /** Why the stream is to end once the frame that is being applied is. */
    private volatile @Nullable String lostMeanwhile;

    ServedStream(String id, String host, StreamReceiver receiver, TrafficCount traffic, AtomicLong duplicates) {
        this.id = id;
        this.host = host;
        this.receiver = receiver;
        this.traffic = traffic;
        this.duplicates = duplicates;
    }

    String host() {
        return host;
    }

    /** Whether nothing more will come of it. */
    boolean over() {
        return ended || failure != null;
    }

    /** Whether a sender that has not heard of the stream yet may join it. */
    boolean fresh() {
        return applied == 0 && !over();
    }

    /** Marks the stream as given up when it had no connection for so long; from then on none can join. */
    synchronized boolean abandon(long nowNanos, Duration limit) {
        abandoned = abandoned || (current == null && nowNanos - detachedAtNanos > limit.toNanos());
        return abandoned;
    }

    /** Serves over {@code connection} until that is lost, or another takes its place, or the stream is over. */
    void serve(Connection connection, long repliesSeen) throws IOException {
        Connection before;
        synchronized (this) {
            if (abandoned) {
                throw new PeerRefused("stream-unknown", "stream " + id + " was given up a moment ago");
            }
            before = current;
            current = connection;
        }
        if (before != null) {
            before.close("stream " + id + " goes on over a new connection");
        }
        applying.lock();
        try {
            say(connection, Frame.of(Frame.OPENED, applied));
            for (Reply reply : replies) {
                if (reply.sequence > repliesSeen) {
                    say(connection, Frame.of(Frame.REPLY, 0, reply.sequence, reply.bytes));
                }
            }
            receive(connection);
        } finally {
            String lost = lostMeanwhile;
            if (lost != null) {
                loseApplied(lost);
            }
            applying.unlock();
            synchronized (this) {
                if (current == connection) {
                    current = null;
                    detachedAtNanos = System.nanoTime();
                }
            }
        }
    }

    private void receive(Connection connection) throws IOException {
        int bytes = 0;
        int frames = 0;
        boolean asked = false;
        while (failure == null) {
            if (asked || bytes >= ACK_EVERY_BYTES || frames >= ACK_EVERY_FRAMES) {
                say(connection, Frame.of(Frame.ACK, applied));
                bytes = 0;
                frames = 0;
                asked = false;
            }
            Frame frame = connection.read();
            switch (frame.type()) {
                case Frame.HEARTBEAT -> {}
                case Frame.FRAME, Frame.END -> {
                    bytes += Frame.HEADER_BYTES + frame.payload().remaining();
                    frames++;
                    take(connection, frame);
                }
                case Frame.ASK -> asked = true;
                case Frame.ABORT -> lose(host + " gave the stream up: " + frame.text());
                default -> throw new BadFrame("frame type " + frame.type() + " on a stream's connection");
            }
        }
        say(
                connection,
                Frame.of(Frame.FAILED, 0, applied, String.valueOf(failure).getBytes(StandardCharsets.UTF_8)));
    }

    private void take(Connection connection, Frame frame) throws IOException {
        if (frame.sequence() <= applied) {
            duplicates.incrementAndGet();
            return;
        }
        if (frame.sequence() != applied + 1 || over()) {
            throw new BadFrame("stream " + id + ": frame " + frame.sequence() + " came after " + applied
                    + (ended ? ", the last" : ""));
        }
        StreamReceiver to = Objects.requireNonNull(receiver, "a stream that is not over has a receiver");
        if (frame.type() == Frame.END) {
            ended = true;
            applied = frame.sequence();
            receiver = null;
            to.onEnd();
            return;
        }
        byte[] reply;
        try {
            reply = to.onFrame(frame.stream(), frame.payload());
            if (reply != null && reply.length > PeerLimits.REPLY_BYTES_MAX) {
                throw new IOException("the reply to frame " + frame.sequence() + " has " + reply.length
                        + " bytes, more than " + PeerLimits.REPLY_BYTES_MAX);
            }
        } catch (IOException | RuntimeException e) {
            lose(e.getMessage() == null ? e.toString() : e.getMessage());
            return;
        }
        applied = frame.sequence();
        if (reply != null) {
            if (replies.size() == REPLIES_MAX) {
                replies.removeFirst();
            }
            replies.addLast(new Reply(frame.sequence(), reply));
            say(connection, Frame.of(Frame.REPLY, 0, frame.sequence(), reply));
        }
    }

    private void say(Connection connection, java.nio.ByteBuffer frame) throws IOException {
        traffic.add(ByteKind.CONTROL, connection.write(frame));
    }

    /** Ends the stream for its receiver; false when it has ended already. Waits for a frame that is being applied. */
    boolean lose(String reason) {
        applying.lock();
        try {
            return loseApplied(reason);
        } finally {
            applying.unlock();
        }
    }

    /**
     * The same, but waits at most {@code limit} for a frame that is being applied; false when that was not enough: then
     * the thread that applies it ends the stream as soon as it returns.
     */
    boolean lose(String reason, Duration limit) {
        lostMeanwhile = reason;
        boolean mine = false;
        try {
            mine = applying.tryLock(limit.toNanos(), TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        if (mine) {
            try {
                loseApplied(reason);
            } finally {
                applying.unlock();
            }
        }
        return mine;
    }

    /** Under {@code applying}. */
    private boolean loseApplied(String reason) {
        if (over()) {
            return false;
        }
        failure = reason;
        StreamReceiver last = receiver;
        receiver = null;
        if (last != null) {
            last.onLost(reason);
        }
        return true;
    }
}
