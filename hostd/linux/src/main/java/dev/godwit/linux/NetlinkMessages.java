package dev.godwit.linux;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Builds a datagram of netlink messages: header, fixed part, attributes. Lengths and padding are filled in. Not
 * thread-safe. Source: linux/netlink.h.
 */
public final class NetlinkMessages {
    public static final int NLM_F_REQUEST = 0x01;
    public static final int NLM_F_ACK = 0x04;
    public static final int NLM_F_EXCL = 0x200;
    public static final int NLM_F_CREATE = 0x400;
    public static final int NLM_F_DUMP = 0x300;
    public static final int NLMSG_ERROR = 2;
    public static final int NLMSG_DONE = 3;
    public static final int NLA_F_NESTED = 0x8000;
    public static final int NLA_TYPE_MASK = 0x3fff;
    /** Bytes of {@code nlmsghdr}: length u32, type u16, flags u16, sequence u32, port u32. */
    public static final int HEADER_BYTES = 16;
    /** Bytes of {@code nlattr}: length u16, type u16. */
    public static final int ATTRIBUTE_BYTES = 4;

    static final int HEADER_TYPE = 4;
    static final int HEADER_FLAGS = 6;
    static final int HEADER_SEQUENCE = 8;

    private static final int NEST_DEPTH_MAX = 8;

    private final ByteBuffer bytes;
    private final int[] nests = new int[NEST_DEPTH_MAX];
    private int depth;
    private int message = -1;

    /** @param capacityBytes of the whole datagram, at most {@link Netlink#DATAGRAM_BYTES_MAX} */
    public NetlinkMessages(int capacityBytes) {
        bytes = ByteBuffer.allocate(capacityBytes).order(ByteOrder.nativeOrder());
    }

    /** Begins a message of nfnetlink: {@code nfgenmsg} follows the header. */
    public NetlinkMessages begin(int type, int flags, int sequence, int family, int resource) {
        begin(type, flags, sequence);
        bytes.put((byte) family).put((byte) 0).put((byte) (resource >> 8)).put((byte) resource);
        return this;
    }

    /** Begins a message with nothing after the header. */
    public NetlinkMessages begin(int type, int flags, int sequence) {
        endMessage();
        message = bytes.position();
        bytes.putInt(0)
                .putShort((short) type)
                .putShort((short) flags)
                .putInt(sequence)
                .putInt(0);
        return this;
    }

    /** An attribute of bytes as they are. */
    public NetlinkMessages attribute(int type, byte... value) {
        bytes.putShort((short) (ATTRIBUTE_BYTES + value.length))
                .putShort((short) type)
                .put(value);
        pad();
        return this;
    }

    /** An attribute of a number of 32 bits in network order. */
    public NetlinkMessages bigEndian32(int type, int value) {
        return attribute(type, ByteBuffer.allocate(4).putInt(value).array());
    }

    /** An attribute of a number of 64 bits in network order. */
    public NetlinkMessages bigEndian64(int type, long value) {
        return attribute(type, ByteBuffer.allocate(8).putLong(value).array());
    }

    /** An attribute of a number of 16 bits in network order. */
    public NetlinkMessages bigEndian16(int type, int value) {
        return attribute(type, (byte) (value >> 8), (byte) value);
    }

    /** An attribute of a text with its zero. */
    public NetlinkMessages text(int type, String ascii) {
        byte[] value = ascii.getBytes(StandardCharsets.US_ASCII);
        return attribute(type, Arrays.copyOf(value, value.length + 1));
    }

    /** Begins an attribute of attributes. */
    public NetlinkMessages nest(int type) {
        nests[depth++] = bytes.position();
        bytes.putShort((short) 0).putShort((short) (type | NLA_F_NESTED));
        return this;
    }

    /** Ends the innermost attribute of attributes. */
    public NetlinkMessages endNest() {
        int start = nests[--depth];
        bytes.putShort(start, (short) (bytes.position() - start));
        return this;
    }

    /** Bytes so far. */
    public int size() {
        return bytes.position();
    }

    /** The datagram, ready to be sent; this object is then empty. */
    public ByteBuffer take() {
        endMessage();
        ByteBuffer whole = ByteBuffer.allocate(bytes.position()).order(ByteOrder.nativeOrder());
        bytes.flip();
        whole.put(bytes).flip();
        bytes.clear();
        message = -1;
        return whole;
    }

    private void endMessage() {
        if (depth != 0) {
            throw new IllegalStateException(depth + " attributes of attributes were not ended");
        }
        if (message >= 0) {
            bytes.putInt(message, bytes.position() - message);
            message = -1;
        }
    }

    private void pad() {
        while (bytes.position() % 4 != 0) {
            bytes.put((byte) 0);
        }
    }
}
