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
    /**
     * A connection begins in the middle of another's frame once or twice. Each bad frame costs us the check sum of up to
     * 256 KiB for 40 bytes of the guest's, and they can overlap.
     */
    static final int BAD_FRAMES_MAX = 16;

    private final ByteBuffer bytes = ByteBuffer.allocate(Frame.HEADER_BYTES + Frame.PAYLOAD_BYTES_MAX + ROOM_BYTES)
            .order(ByteOrder.LITTLE_ENDIAN);
    private final long session;
    private int start;
    /** Up to where an incomplete frame was searched for a welcome: each byte is looked at once. */
    private int searched;

    private int badFrames;

    FrameReader(long session) {
        this.session = session;
    }

    /** Where the next bytes of the connection go; call {@link #next} until it is empty before asking again. */
    ByteBuffer room() {
        bytes.limit(bytes.position()).position(start);
        bytes.compact();
        searched -= start;
        start = 0;
        return bytes;
    }

    /**
     * The next frame that is whole.
     *
     * @throws GuestException more frames were bad than any accident makes
     */
    Optional<Frame> next() throws GuestException {
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
                if (++badFrames > BAD_FRAMES_MAX) {
                    throw new GuestException("the guest sent " + badFrames
                            + " frames with a wrong check sum over one connection, more than " + BAD_FRAMES_MAX);
                }
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
        for (searched = Math.max(searched, start + Frame.HEADER_BYTES);
                searched <= end - Frame.HEADER_BYTES;
                searched++) {
            if (bytes.getInt(searched) == Frame.MAGIC
                    && (bytes.get(searched + 5) & 0xff) == FrameType.HELLO_ACK.code()
                    && bytes.getLong(searched + 16) == session
                    && isHeader(searched)) {
                // Nobody but guestd knows the session: when this welcome is cut short, the rest of it comes.
                boolean whole = isWhole(searched, end);
                start = whole ? searched : start;
                return whole;
            }
        }
        return false;
    }
}
