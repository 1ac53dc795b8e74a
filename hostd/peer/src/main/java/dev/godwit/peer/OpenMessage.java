package dev.godwit.peer;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * Opens or resumes a stream: resume (u8), last reply seen (u64), length of the id (u16), the id, the sender's hello.
 *
 * @param resume the sender was told once that the stream is open: the receiver must know it
 * @param repliesSeen the newest reply that reached the sender
 */
@SuppressWarnings("ArrayRecordComponent") // Made and read once, never compared.
record OpenMessage(boolean resume, long repliesSeen, String streamId, byte[] hello) {
    private static final int ID_BYTES_MAX = 256;

    static byte[] bytes(boolean resume, long repliesSeen, String streamId, byte[] hello) {
        byte[] id = streamId.getBytes(StandardCharsets.UTF_8);
        if (id.length == 0 || id.length > ID_BYTES_MAX) {
            throw new IllegalArgumentException(
                    "stream id of " + id.length + " bytes is not between 1 and " + ID_BYTES_MAX);
        }
        return ByteBuffer.allocate(11 + id.length + hello.length)
                .put((byte) (resume ? 1 : 0))
                .putLong(repliesSeen)
                .putShort((short) id.length)
                .put(id)
                .put(hello)
                .array();
    }

    static OpenMessage of(Frame frame) throws BadFrame {
        ByteBuffer payload = frame.payload();
        if (frame.type() != Frame.OPEN || payload.remaining() < 11) {
            throw new BadFrame("a stream's connection begins with frame type " + frame.type() + " of "
                    + payload.remaining() + " bytes, not with open");
        }
        boolean resume = payload.get() != 0;
        long repliesSeen = payload.getLong();
        int length = payload.getShort();
        if (length <= 0 || length > ID_BYTES_MAX || length > payload.remaining()) {
            throw new BadFrame("a stream's id has length " + length);
        }
        byte[] id = new byte[length];
        payload.get(id);
        byte[] hello = new byte[payload.remaining()];
        payload.get(hello);
        return new OpenMessage(resume, repliesSeen, new String(id, StandardCharsets.UTF_8), hello);
    }
}
