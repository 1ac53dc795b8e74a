package dev.godwit.peer;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.UUID;

/**
 * A call's payload: id (16 bytes), length of the method name (u16), the name, the JSON.
 *
 * @param id the same for a repeat
 */
@SuppressWarnings("ArrayRecordComponent") // Made and read once, never compared.
record CallMessage(UUID id, String method, byte[] json) {
    /** A method is a name, not a message. */
    private static final int METHOD_BYTES_MAX = 128;

    static byte[] bytes(UUID id, String method, byte[] json) {
        byte[] name = method.getBytes(StandardCharsets.UTF_8);
        if (name.length == 0 || name.length > METHOD_BYTES_MAX) {
            throw new IllegalArgumentException(
                    "method name of " + name.length + " bytes is not between 1 and " + METHOD_BYTES_MAX);
        }
        return ByteBuffer.allocate(18 + name.length + json.length)
                .putLong(id.getMostSignificantBits())
                .putLong(id.getLeastSignificantBits())
                .putShort((short) name.length)
                .put(name)
                .put(json)
                .array();
    }

    static CallMessage of(ByteBuffer payload) throws BadFrame {
        if (payload.remaining() < 18) {
            throw new BadFrame("a call of " + payload.remaining() + " bytes has no room for its id");
        }
        UUID id = new UUID(payload.getLong(), payload.getLong());
        int length = payload.getShort();
        if (length <= 0 || length > METHOD_BYTES_MAX || length > payload.remaining()) {
            throw new BadFrame("a call's method name has length " + length);
        }
        byte[] name = new byte[length];
        payload.get(name);
        byte[] json = new byte[payload.remaining()];
        payload.get(json);
        return new CallMessage(id, new String(name, StandardCharsets.UTF_8), json);
    }
}
