package dev.godwit.guest;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Reads what {@link Payload} writes. A guest is not trusted: words that are not there are an error, never an exception of the buffer. */
final class Words {
    private final String what;
    private final ByteBuffer bytes;

    /** @param what it is, for messages */
    Words(String what, byte[] payload) {
        this.what = what;
        this.bytes = ByteBuffer.wrap(payload).order(ByteOrder.LITTLE_ENDIAN);
    }

    int u8() throws GuestException {
        need(1);
        return bytes.get() & 0xff;
    }

    int u32() throws GuestException {
        need(4);
        return bytes.getInt();
    }

    long u64() throws GuestException {
        need(8);
        return bytes.getLong();
    }

    byte[] bytes() throws GuestException {
        int length = u32();
        need(length);
        byte[] value = new byte[length];
        bytes.get(value);
        return value;
    }

    String string() throws GuestException {
        return new String(bytes(), UTF_8);
    }

    byte[] rest() {
        byte[] value = new byte[bytes.remaining()];
        bytes.get(value);
        return value;
    }

    boolean hasMore() {
        return bytes.hasRemaining();
    }

    private void need(int count) throws GuestException {
        if (count < 0 || count > bytes.remaining()) {
            throw new GuestException(what + " is no sound one of guestd: " + count + " bytes wanted, "
                    + bytes.remaining() + " left of " + bytes.limit());
        }
    }
}
