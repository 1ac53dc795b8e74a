package dev.godwit.peer;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.zip.CRC32C;

/**
 * One frame as read: header {magic u32, type u8, flags u8, reserved u16, stream u32, sequence u64, length u32, crc u32},
 * big endian, then the payload. The CRC32C covers the header (its own field as zero) and the payload.
 *
 * @param type one of the constants here
 * @param flags for data frames the byte kind in the low two bits and the sender's type in {@code stream}
 * @param stream a data frame: the sender's frame type; else 0
 * @param sequence numbers data frames from 1; meaning depends on the type
 * @param payload valid until the next read
 */
record Frame(int type, int flags, int stream, long sequence, ByteBuffer payload) {
    static final int MAGIC = 0x47445731;
    static final int HEADER_BYTES = 28;
    private static final int CRC_AT = 24;

    /** First frame of both ends: {@link Hello}. */
    static final int HELLO = 1;
    /** A hello is refused; payload is {@code code\nsentence}. */
    static final int REFUSED = 2;
    /** Says only that the sender lives. */
    static final int HEARTBEAT = 3;
    /** A call: sequence is the call's number on this connection; payload {@link CallMessage}. */
    static final int CALL = 4;
    /** The answer to a call; flag 1: a refusal. */
    static final int ANSWER = 5;
    /** Opens or resumes a stream; payload {@link OpenMessage}. */
    static final int OPEN = 6;
    /** The stream is open; sequence is the last one applied. */
    static final int OPENED = 7;
    /** A frame of the stream. */
    static final int FRAME = 8;
    /** Last frame of a stream, numbered like any other. */
    static final int END = 9;
    /** Everything up to sequence is applied. */
    static final int ACK = 10;
    /** The receiver's answer to the frame of that sequence. */
    static final int REPLY = 11;
    /** The stream is over; payload is the receiver's sentence. */
    static final int FAILED = 12;
    /** The sender gives the stream up; payload is its reason. */
    static final int ABORT = 13;

    /** The sender waits for an acknowledgement of what it has sent. */
    static final int ASK = 14;

    static final int FLAG_REFUSED = 1;

    /**
     * Writes the header in front of a payload.
     *
     * @param frame position 0 is the header, limit the end of the payload; position is kept
     */
    static void seal(ByteBuffer frame, int type, int flags, int stream, long sequence) {
        frame.order(ByteOrder.BIG_ENDIAN);
        frame.putInt(0, MAGIC)
                .put(4, (byte) type)
                .put(5, (byte) flags)
                .putShort(6, (short) 0)
                .putInt(8, stream)
                .putLong(12, sequence)
                .putInt(20, frame.limit() - HEADER_BYTES)
                .putInt(CRC_AT, 0);
        frame.putInt(CRC_AT, crc(frame, 0, frame.limit()));
    }

    /** A small frame of its own. */
    static ByteBuffer of(int type, int flags, long sequence, byte[] payload) {
        if (payload.length > PeerLimits.PAYLOAD_BYTES_MAX) {
            throw new IllegalArgumentException("payload of " + payload.length + " bytes is above "
                    + PeerLimits.PAYLOAD_BYTES_MAX + " bytes, the largest of a frame");
        }
        ByteBuffer frame = ByteBuffer.allocate(HEADER_BYTES + payload.length);
        frame.put(HEADER_BYTES, payload);
        seal(frame, type, flags, 0, sequence);
        return frame;
    }

    static ByteBuffer of(int type, long sequence) {
        return of(type, 0, sequence, new byte[0]);
    }

    byte[] bytes() {
        byte[] copy = new byte[payload.remaining()];
        payload.get(payload.position(), copy);
        return copy;
    }

    String text() {
        return new String(bytes(), java.nio.charset.StandardCharsets.UTF_8);
    }

    /** The CRC of a frame whose CRC field is taken as zero. */
    static int crc(ByteBuffer buffer, int at, int end) {
        CRC32C crc = new CRC32C();
        crc.update(buffer.slice(at, CRC_AT));
        crc.update(ZERO, 0, ZERO.length);
        crc.update(buffer.slice(at + HEADER_BYTES, end - at - HEADER_BYTES));
        return (int) crc.getValue();
    }

    private static final byte[] ZERO = new byte[4];
}
