package dev.godwit.peer;

import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * Room for one frame in a stream's window, so that a payload can be made where it is sent from. While it is open no other
 * thread can send on the stream; it is opened and closed by one thread.
 *
 * <pre>{@code
 * try (FrameSlot slot = stream.reserve(bytesMax)) {
 *     compress(batch, slot.payload());
 *     slot.send(type, kind);
 * }
 * }</pre>
 */
public final class FrameSlot implements AutoCloseable {
    private final PeerStream stream;
    private final ByteBuffer frame;
    private final ByteBuffer payload;
    private boolean sent;
    private boolean open = true;

    FrameSlot(PeerStream stream, ByteBuffer frame) {
        this.stream = stream;
        this.frame = frame;
        this.payload = frame.slice(Frame.HEADER_BYTES, frame.capacity() - Frame.HEADER_BYTES);
    }

    /** A direct buffer, big endian, with room for what was reserved; what lies before its position is sent. */
    public ByteBuffer payload() {
        return payload;
    }

    /**
     * Sends what was put into the payload.
     *
     * @param type 0..127, for the receiver
     * @return the frame's sequence
     * @throws StreamFailed the stream is over
     */
    public long send(int type, ByteKind kind) throws IOException {
        return send(Frame.FRAME, type, kind);
    }

    /** Sends the frame that ends the stream. */
    long sendLast() throws IOException {
        return send(Frame.END, 0, ByteKind.CONTROL);
    }

    private long send(int frameType, int type, ByteKind kind) throws IOException {
        if (sent || !open) {
            throw new IllegalStateException("the slot was sent or closed already");
        }
        sent = true;
        return stream.commit(frame, payload.position(), frameType, type, kind);
    }

    @Override
    public void close() {
        if (open) {
            open = false;
            stream.unlock();
        }
    }
}
