package dev.godwit.peer;

import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.ReadableByteChannel;

/**
 * Cuts a byte stream into frames; payloads are slices of its buffer, not copies. One thread only; that thread also closes
 * it, so that no native code can hold the memory then.
 */
final class FrameReader implements AutoCloseable {
    /** Before the hello: a stranger costs no more memory than this. */
    static final int STRANGER_PAYLOAD_MAX = 2048;
    /** One read takes up to this beyond a frame: several frames a system call. */
    private static final int READ_AHEAD_BYTES = 512 << 10;
    /** What a connection begins with. */
    private static final int FIRST_BYTES = 8 << 10;

    private final ReadableByteChannel channel;
    private Arena arena = Arena.ofShared();
    private ByteBuffer buffer;
    private int payloadMax = STRANGER_PAYLOAD_MAX;

    FrameReader(ReadableByteChannel channel) {
        this.channel = channel;
        this.buffer = allocate(arena, FIRST_BYTES);
        buffer.limit(0);
    }

    /** The other end has said who it is: frames up to the largest are taken from now on. */
    void trust() {
        payloadMax = PeerLimits.PAYLOAD_BYTES_MAX;
    }

    /** Calls are small and many connections idle: memory for the largest frame is made when a large one comes. */
    @SuppressWarnings("MustBeClosedChecker") // Becomes the field that close() closes.
    private void grow() {
        Arena larger = Arena.ofShared();
        ByteBuffer next = allocate(larger, Frame.HEADER_BYTES + PeerLimits.PAYLOAD_BYTES_MAX + READ_AHEAD_BYTES);
        next.put(buffer).flip();
        arena.close();
        arena = larger;
        buffer = next;
    }

    /**
     * The next frame; the one before is no longer valid.
     *
     * @throws EOFException the other end closed between frames or within one
     * @throws BadFrame what came is not a frame
     */
    Frame read() throws IOException {
        fill(Frame.HEADER_BYTES);
        int at = buffer.position();
        if (buffer.getInt(at) != Frame.MAGIC) {
            throw new BadFrame("magic 0x%08x is not 0x%08x".formatted(buffer.getInt(at), Frame.MAGIC));
        }
        int length = buffer.getInt(at + 20);
        if (length < 0 || length > payloadMax) {
            throw new BadFrame("payload length " + Integer.toUnsignedString(length) + " bytes is above " + payloadMax);
        }
        fill(Frame.HEADER_BYTES + length);
        at = buffer.position();
        int end = at + Frame.HEADER_BYTES + length;
        if (buffer.getInt(at + 24) != Frame.crc(buffer, at, end)) {
            throw new BadFrame("checksum of a frame of " + length + " bytes is wrong");
        }
        ByteBuffer payload = buffer.slice(at + Frame.HEADER_BYTES, length).order(ByteOrder.BIG_ENDIAN);
        Frame frame = new Frame(
                buffer.get(at + 4), buffer.get(at + 5), buffer.getInt(at + 8), buffer.getLong(at + 12), payload);
        buffer.position(end);
        return frame;
    }

    private void fill(int bytes) throws IOException {
        if (buffer.remaining() >= bytes) {
            return;
        }
        if (bytes > buffer.capacity()) {
            grow();
        }
        buffer.compact();
        while (buffer.position() < bytes) {
            if (channel.read(buffer) < 0) {
                throw new EOFException("the other end closed the connection");
            }
        }
        buffer.flip();
    }

    private static ByteBuffer allocate(Arena arena, int bytes) {
        return arena.allocate(bytes, 8).asByteBuffer().order(ByteOrder.BIG_ENDIAN);
    }

    @Override
    public void close() {
        arena.close();
    }
}
