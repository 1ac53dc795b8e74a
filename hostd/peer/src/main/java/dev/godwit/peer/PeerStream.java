package dev.godwit.peer;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The sending end of one ordered, acknowledged stream of frames, windowed by bytes. It outlives its connections: frames
 * that were not applied are sent again over the next one, and the receiver gets each frame once.
 *
 * <p>Senders write to the socket themselves; one thread a stream connects and reads acknowledgements. Thread-safe; frames
 * of several threads are ordered as they got hold of the window.
 */
public final class PeerStream implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(PeerStream.class);
    /** How long close() may take to say so to a peer that reads nothing. */
    private static final Duration ABORT_WITHIN = Duration.ofMillis(500);

    private final String id;
    private final PeerLimits limits;
    private final StreamWindow window;
    private final TrafficCount traffic;
    /** Held from the reservation of a frame to its commit. */
    private final ReentrantLock sending = new ReentrantLock();
    /** Held while frames are written, and while the connection changes. */
    private final ReentrantLock writing = new ReentrantLock();

    private final StreamCarrier carrier;
    private boolean finished;
    private boolean closed;

    PeerStream(String id, byte[] hello, Dialer dialer) {
        this.id = id;
        this.limits = dialer.limits();
        this.traffic = new TrafficCount();
        this.window = new StreamWindow(id, limits);
        this.carrier = new StreamCarrier(id, hello.clone(), dialer, window, traffic, writing, this::resend);
    }

    /** Connects; returns when the peer has taken the stream. */
    void open(Duration timeout) throws IOException {
        boolean opened = false;
        try {
            carrier.start();
            if (!window.awaitOpen(timeout)) {
                throw new PeerUnreachable("stream " + id + " was not opened by " + carrier.peer() + " within "
                        + timeout.toMillis() + " ms: " + carrier.lastProblem());
            }
            opened = true;
        } finally {
            if (!opened) {
                close();
            }
        }
    }

    /** The id that both ends know it by. */
    public String id() {
        return id;
    }

    /** The peer's host id. */
    public String peer() {
        String host = window.host();
        return host == null ? carrier.peer() : host;
    }

    /**
     * Sends one frame. Returns when it is in the window and, if there is a connection, handed to its socket.
     *
     * @param type 0..127, for the receiver
     * @param payload at most {@link PeerLimits#PAYLOAD_BYTES_MAX} bytes; copied
     * @return the frame's sequence, from 1
     * @throws StreamFailed the stream is over
     */
    public long send(int type, ByteKind kind, ByteBuffer payload) throws IOException {
        try (FrameSlot slot = reserve(payload.remaining())) {
            slot.payload().put(payload);
            return slot.send(type, kind);
        }
    }

    /**
     * Room for one frame; waits while the window is full.
     *
     * @param payloadBytesMax at most {@link PeerLimits#PAYLOAD_BYTES_MAX}
     * @throws StreamFailed the stream is over
     */
    public FrameSlot reserve(int payloadBytesMax) throws IOException {
        if (payloadBytesMax < 0 || payloadBytesMax > PeerLimits.PAYLOAD_BYTES_MAX) {
            throw new IllegalArgumentException(
                    "payload of " + payloadBytesMax + " bytes is not between 0 and " + PeerLimits.PAYLOAD_BYTES_MAX);
        }
        if (sending.isHeldByCurrentThread()) {
            throw new IllegalStateException("this thread has a slot of stream " + id + " open already");
        }
        sending.lock();
        boolean done = false;
        try {
            int frameBytes = Frame.HEADER_BYTES + payloadBytesMax;
            ByteBuffer room = window.tryReserve(frameBytes);
            if (room == null) {
                ask();
                room = window.reserve(frameBytes);
            }
            FrameSlot slot = new FrameSlot(this, room);
            done = true;
            return slot;
        } finally {
            if (!done) {
                sending.unlock();
            }
        }
    }

    long commit(ByteBuffer frame, int payloadBytes, int frameType, int type, ByteKind kind) throws IOException {
        if (type < 0 || type > 127) {
            throw new IllegalArgumentException("frame type " + type + " is not between 0 and 127");
        }
        int reserved = frame.capacity();
        frame.limit(Frame.HEADER_BYTES + payloadBytes);
        long sequence = window.nextSequence();
        Frame.seal(frame, frameType, kind.code(), type, sequence);
        window.commit(reserved, frame.limit(), kind);
        transmit();
        return sequence;
    }

    void unlock() {
        sending.unlock();
    }

    /** Writes what the current connection has not carried yet. A lost connection is left to the carrier. */
    private void transmit() {
        writing.lock();
        try {
            for (StreamWindow.Outgoing out = window.next(); out != null; out = window.next()) {
                try {
                    out.connection().write(out.frame());
                } catch (IOException e) {
                    out.connection().close("writing to " + peer() + " failed: " + e.getMessage());
                    return;
                } finally {
                    traffic.add(out.kind(), out.frame().position());
                }
            }
        } finally {
            writing.unlock();
        }
    }

    /** After a reconnect: whoever waits for acknowledgements may have asked over the lost connection. */
    private void resend() {
        transmit();
        ask();
    }

    /** Acknowledgements come in batches; this makes one come now. */
    private void ask() {
        Connection to = window.toAsk();
        if (to != null) {
            try {
                traffic.add(ByteKind.CONTROL, to.write(Frame.of(Frame.ASK, 0)));
            } catch (IOException e) {
                to.close("writing to " + peer() + " failed: " + e.getMessage());
            }
        }
    }

    /**
     * Sends a frame and waits for the receiver's answer to it. At most {@value ServedStream#REPLIES_MAX} at once.
     *
     * @throws StreamFailed the stream is over
     * @throws PeerUnreachable no answer within {@code timeout}
     */
    public byte[] request(int type, ByteKind kind, byte[] payload, Duration timeout) throws IOException {
        long sequence = send(type, kind, ByteBuffer.wrap(payload));
        byte[] reply = window.awaitReply(sequence, timeout);
        if (reply == null) {
            throw new PeerUnreachable("stream " + id + ": " + peer() + " did not answer frame " + sequence + " (type "
                    + type + ") within " + timeout.toMillis() + " ms; last trouble: " + carrier.lastProblem());
        }
        return reply;
    }

    /** The last sequence that the receiver has applied. */
    public long applied() {
        return window.applied();
    }

    /**
     * Waits until everything sent so far is applied.
     *
     * @throws StreamFailed the stream is over
     */
    public void awaitApplied() throws IOException {
        ask();
        window.awaitApplied();
    }

    /** Bytes handed to the socket so far, heartbeats and repeats included. */
    public Traffic traffic() {
        return traffic.read();
    }

    /**
     * Ends the stream in order: returns when all is applied and the receiver was told of the end.
     *
     * @throws StreamFailed the stream is over before its end
     */
    public void finish() throws IOException {
        try (FrameSlot slot = reserve(0)) {
            slot.sendLast();
        }
        awaitApplied();
        synchronized (this) {
            finished = true;
        }
        close();
    }

    /** Gives the stream up, unless it is finished: the receiver loses it. Idempotent. */
    @Override
    public void close() {
        boolean abort;
        synchronized (this) {
            if (closed) {
                return;
            }
            closed = true;
            abort = !finished;
        }
        boolean first = window.fail(new StreamFailed("stream " + id + " to " + peer() + " is closed"));
        Connection last = window.detach();
        if (last != null) {
            if (abort && first) {
                abort(last);
            }
            last.close("closed");
        }
        carrier.close();
        // Nobody may be making or writing a frame in the window when its memory goes.
        sending.lock();
        writing.lock();
        try {
            window.release();
        } finally {
            writing.unlock();
            sending.unlock();
        }
    }

    synchronized boolean isClosed() {
        return closed;
    }

    private void abort(Connection last) {
        last.deadline(ABORT_WITHIN);
        byte[] reason = "closed by the sender".getBytes(StandardCharsets.UTF_8);
        try {
            if (writing.tryLock(ABORT_WITHIN.toNanos(), TimeUnit.NANOSECONDS)) {
                try {
                    traffic.add(ByteKind.CONTROL, last.write(Frame.of(Frame.ABORT, 0, 0, reason)));
                } finally {
                    writing.unlock();
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (IOException e) {
            LOG.debug("stream {}: the peer was not told of the end: {}", id, e.getMessage());
        }
    }
}
