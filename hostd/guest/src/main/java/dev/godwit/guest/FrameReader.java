package dev.godwit.guest;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Optional;

/**
 * Finds frames in the bytes of a connection. Garbage is skipped to the next magic; the welcome (HELLO_ACK) of our own session is also
 * found inside a frame that is not complete, since a connection before ours may have left half of one in the VM's queue.
 * Used by one thread.
 */
final class FrameReader {
    private static final int ROOM_BYTES = 64 * 1024;

    private final ByteBuffer bytes = ByteBuffer.allocate(Frame.HEADER_BYTES + Frame.PAYLOAD_BYTES_MAX + ROOM_BYTES)
            .order(ByteOrder.LITTLE_ENDIAN);
    private final long session;
    private int start;

    FrameReader(long session) {
        this.session = session;
    }

    /** Where the next bytes of the connection go; call {@link #next} until it is empty before asking again. */
    ByteBuffer room() {
        bytes.limit(bytes.position()).position(start);
        bytes.compact();
        start = 0;
        return bytes;
    }

    Optional<Frame> next() {
        int end = bytes.position();
        while (end - start >= Frame.HEADER_BYTES) {
            if (!isHeader(start)) {
                start++;
            } else if (isWhole(start, end)) {
                int length = bytes.getInt(start + 8);
                if (bytes.getInt(start + 32) == Frame.crc(bytes.array(), start + Frame.HEADER_BYTES, length)) {
                    return Optional.of(take(length));
                }
                start++;
            } else if (!skipToWelcome(end)) {
                break;
            }
        }
        return Optional.empty();
    }

    private Frame take(int length) {
        byte[] payload = new byte[length];
        bytes.get(start + Frame.HEADER_BYTES, payload);
        Frame frame = new Frame(
                bytes.get(start + 5) & 0xff,
                bytes.getInt(start + 12),
                bytes.getLong(start + 16),
                bytes.getLong(start + 24),
                payload);
        start += Frame.HEADER_BYTES + length;
        return frame;
    }

    private boolean isHeader(int at) {
        if (bytes.getInt(at) != Frame.MAGIC || bytes.get(at + 4) != Frame.VERSION) {
            return false;
        }
        int length = bytes.getInt(at + 8);
        return length >= 0
                && length <= Frame.PAYLOAD_BYTES_MAX
                && bytes.getInt(at + 36) == Frame.crc(bytes.array(), at, 36);
    }

    private boolean isWhole(int at, int end) {
        return end - at >= Frame.HEADER_BYTES + bytes.getInt(at + 8);
    }

    private boolean skipToWelcome(int end) {
        for (int at = start + Frame.HEADER_BYTES; at <= end - Frame.HEADER_BYTES; at++) {
            if (bytes.getInt(at) == Frame.MAGIC
                    && (bytes.get(at + 5) & 0xff) == FrameType.HELLO_ACK.code()
                    && bytes.getLong(at + 16) == session
                    && isHeader(at)
                    && isWhole(at, end)) {
                start = at;
                return true;
            }
        }
        return false;
    }
}
