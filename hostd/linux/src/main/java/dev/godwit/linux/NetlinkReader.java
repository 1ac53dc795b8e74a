package dev.godwit.linux;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Reads the messages of one datagram of netlink, and the attributes of a message. Whatever does not fit its stated
 * length is an {@link IOException}, never a read beyond it. Not thread-safe. Source: linux/netlink.h.
 */
public final class NetlinkReader {
    /** Takes one attribute. */
    public interface Visitor {
        /**
         * @param type without flags
         * @param value in network order
         */
        void attribute(int type, ByteBuffer value) throws IOException;
    }

    private final ByteBuffer datagram;
    private int next;
    private int start;
    private int end;

    public NetlinkReader(ByteBuffer datagram) {
        this.datagram = datagram.duplicate().order(ByteOrder.nativeOrder());
        this.next = datagram.position();
    }

    /** Goes to the next message; false after the last. */
    public boolean next() throws IOException {
        int left = datagram.limit() - next;
        if (left == 0) {
            return false;
        }
        if (left < NetlinkMessages.HEADER_BYTES) {
            throw new IOException("a netlink datagram ends with " + left + " bytes, a header has 16");
        }
        int length = datagram.getInt(next);
        if (length < NetlinkMessages.HEADER_BYTES || length > left) {
            throw new IOException("a netlink message of " + length + " bytes where " + left + " are left");
        }
        start = next;
        end = next + length;
        next = Math.min(datagram.limit(), next + ((length + 3) & ~3));
        return true;
    }

    /** The message's type. */
    public int type() {
        return Short.toUnsignedInt(datagram.getShort(start + NetlinkMessages.HEADER_TYPE));
    }

    /** The message's flags. */
    public int flags() {
        return Short.toUnsignedInt(datagram.getShort(start + NetlinkMessages.HEADER_FLAGS));
    }

    /** The message's sequence. */
    public int sequence() {
        return datagram.getInt(start + NetlinkMessages.HEADER_SEQUENCE);
    }

    /** Of a message of type NLMSG_ERROR: the positive error number, 0 for an acknowledgement. */
    public int error() throws IOException {
        return -body(4).getInt(0);
    }

    /** What follows {@code fixedBytes} after the header: the attributes. */
    public ByteBuffer attributes(int fixedBytes) throws IOException {
        return body(fixedBytes).position((fixedBytes + 3) & ~3).slice().order(ByteOrder.nativeOrder());
    }

    /** The fixed part after the header and all behind it. */
    public ByteBuffer body(int leastBytes) throws IOException {
        int from = start + NetlinkMessages.HEADER_BYTES;
        if (end - from < leastBytes) {
            throw new IOException(
                    "a netlink message of type " + type() + " has " + (end - from) + " bytes, least is " + leastBytes);
        }
        return datagram.slice(from, end - from).order(ByteOrder.nativeOrder());
    }

    /** Calls {@code each} for every attribute. */
    public static void forEach(ByteBuffer attributes, Visitor each) throws IOException {
        ByteBuffer all = attributes.duplicate().order(ByteOrder.nativeOrder());
        int at = all.position();
        while (all.limit() - at >= NetlinkMessages.ATTRIBUTE_BYTES) {
            int length = Short.toUnsignedInt(all.getShort(at));
            if (length < NetlinkMessages.ATTRIBUTE_BYTES || length > all.limit() - at) {
                throw new IOException(
                        "a netlink attribute of " + length + " bytes where " + (all.limit() - at) + " are left");
            }
            int type = Short.toUnsignedInt(all.getShort(at + 2)) & NetlinkMessages.NLA_TYPE_MASK;
            ByteBuffer value =
                    all.slice(at + NetlinkMessages.ATTRIBUTE_BYTES, length - NetlinkMessages.ATTRIBUTE_BYTES);
            each.attribute(type, value.order(ByteOrder.BIG_ENDIAN));
            at += (length + 3) & ~3;
        }
    }
}
