package dev.godwit.daemon;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * What stands before the bytes of a TLS connection inside: where it came from, and which guest it is. Source: the PROXY
 * protocol, version 2, section 2.2; types from 0xE0 are for applications.
 */
final class ProxyHeader {
    private ProxyHeader() {}

    /** The guest's id. */
    static final int GUEST = 0xE0;

    private static final byte[] SIGNATURE = {0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A};
    private static final byte VERSION_2_PROXY = 0x21;
    private static final byte TCP_OVER_IPV4 = 0x11;
    private static final byte TCP_OVER_IPV6 = 0x21;

    static ByteBuffer of(InetSocketAddress from, InetSocketAddress to, String guestId) {
        byte[] source = from.getAddress().getAddress();
        byte[] target = sameFamily(from.getAddress(), to.getAddress());
        byte[] id = guestId.getBytes(StandardCharsets.US_ASCII);
        int length = source.length + target.length + 4 + 3 + id.length;
        return ByteBuffer.allocate(SIGNATURE.length + 4 + length)
                .put(SIGNATURE)
                .put(VERSION_2_PROXY)
                .put(from.getAddress() instanceof Inet4Address ? TCP_OVER_IPV4 : TCP_OVER_IPV6)
                .putShort((short) length)
                .put(source)
                .put(target)
                .putShort((short) from.getPort())
                .putShort((short) to.getPort())
                .put((byte) GUEST)
                .putShort((short) id.length)
                .put(id)
                .flip();
    }

    private static byte[] sameFamily(InetAddress from, InetAddress to) {
        byte[] wanted = to.getAddress();
        return wanted.length == from.getAddress().length ? wanted : new byte[from.getAddress().length];
    }
}
