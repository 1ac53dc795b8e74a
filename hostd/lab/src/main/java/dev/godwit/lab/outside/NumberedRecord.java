package dev.godwit.lab.outside;

import java.nio.ByteBuffer;

/**
 * The 64 bytes that the outside client and the {@code echo} probe exchange, over TCP and as datagrams; numbers
 * big-endian: {u32 magic, u32 bytes, u64 number, u64 sender's nanos, u64 echo's nanos, zeros}.
 *
 * @param number from 0, one more each time
 * @param sentNanos the sender's own clock
 * @param echoNanos CLOCK_REALTIME of the echo; 0 on the way there
 */
record NumberedRecord(long number, long sentNanos, long echoNanos) {
    static final int BYTES = 64;
    private static final int MAGIC = 0x47575231; // GWR1

    void put(ByteBuffer buffer) {
        buffer.putInt(MAGIC).putInt(BYTES).putLong(number).putLong(sentNanos).putLong(echoNanos);
        buffer.put(new byte[BYTES - 32]);
    }

    /**
     * Reads one from 64 bytes.
     *
     * @throws IllegalArgumentException if they are something else
     */
    static NumberedRecord of(ByteBuffer buffer) {
        int magic = buffer.getInt();
        int bytes = buffer.getInt();
        if (magic != MAGIC || bytes != BYTES) {
            throw new IllegalArgumentException(
                    "magic " + Integer.toHexString(magic) + " and " + bytes + " bytes are no numbered record");
        }
        return new NumberedRecord(buffer.getLong(), buffer.getLong(), buffer.getLong());
    }
}
