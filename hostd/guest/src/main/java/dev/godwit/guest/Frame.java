package dev.godwit.guest;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.zip.CRC32C;

/**
 * One message of the channel: a 40-byte header with its own CRC32C, then the payload (little endian, native/guestd/frame.h).
 * The payload of a frame that was read is its own copy.
 */
record Frame(int type, int sequence, long session, long request, byte[] payload) {
    static final int MAGIC = 0x31475747;
    static final int HEADER_BYTES = 40;
    /** guestd's bound: a frame's cost is its bytes, and a queue of frames fits a small guest. */
    static final int PAYLOAD_BYTES_MAX = 256 * 1024;

    static final int VERSION = 1;

    Frame {
        if (payload.length > PAYLOAD_BYTES_MAX) {
            throw new IllegalArgumentException(
                    "payload of " + payload.length + " bytes is larger than " + PAYLOAD_BYTES_MAX);
        }
    }

    Words words() {
        return words("a frame");
    }

    /** @param what the payload is, for messages */
    Words words(String what) {
        return new Words(what, payload);
    }

    ByteBuffer encoded() {
        ByteBuffer bytes = ByteBuffer.allocate(HEADER_BYTES + payload.length).order(ByteOrder.LITTLE_ENDIAN);
        bytes.putInt(MAGIC).put((byte) VERSION).put((byte) type).putShort((short) 0);
        bytes.putInt(payload.length).putInt(sequence).putLong(session).putLong(request);
        bytes.putInt(crc(payload, 0, payload.length));
        bytes.putInt(crc(bytes.array(), 0, 36));
        return bytes.put(payload).flip();
    }

    static int crc(byte[] bytes, int offset, int length) {
        CRC32C crc = new CRC32C();
        crc.update(bytes, offset, length);
        return (int) crc.getValue();
    }
}
