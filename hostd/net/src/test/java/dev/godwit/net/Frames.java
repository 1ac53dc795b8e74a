package dev.godwit.net;

import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.util.Arrays;

/** Frames as a guest or a router would send them, with true lengths and checksums. */
final class Frames {
    static final int ETHERNET = 14;
    static final int TCP = 6;
    static final int UDP = 17;
    static final int ICMP = 1;
    static final int ICMPV6 = 58;
    static final int SYN = 2;
    static final int ACK = 16;
    static final int FIN = 1;
    static final int RST = 4;
    private static final int IPV4 = 0x0800;
    private static final int IPV6 = 0x86dd;
    private static final int V4_HEADER = 20;
    private static final int V6_HEADER = 40;

    private final MacAddress from;
    private final MacAddress to;

    Frames(MacAddress from, MacAddress to) {
        this.from = from;
        this.to = to;
    }

    byte[] ethernet(int type, byte[] payload) {
        return ByteBuffer.allocate(ETHERNET + payload.length)
                .put(to.octets())
                .put(from.octets())
                .putShort((short) type)
                .put(payload)
                .array();
    }

    byte[] tcp(String source, String destination, int sourcePort, int destinationPort, int flags) {
        return tcp(source, destination, sourcePort, destinationPort, flags, 11);
    }

    byte[] tcp(String source, String destination, int sourcePort, int destinationPort, int flags, int payload) {
        byte[] segment = ByteBuffer.allocate(20 + payload)
                .putShort((short) sourcePort)
                .putShort((short) destinationPort)
                .putInt(1)
                .putInt(1)
                .put((byte) 0x50)
                .put((byte) flags)
                .array();
        return ip(source, destination, TCP, segment);
    }

    byte[] udp(String source, String destination, int sourcePort, int destinationPort, int payload) {
        byte[] datagram = ByteBuffer.allocate(8 + payload)
                .putShort((short) sourcePort)
                .putShort((short) destinationPort)
                .putShort((short) (8 + payload))
                .array();
        return ip(source, destination, UDP, datagram);
    }

    byte[] echo(String source, String destination, int identifier) {
        boolean v4 = Prefix.parse(source).isV4();
        byte[] request = ByteBuffer.allocate(16)
                .put((byte) (v4 ? 8 : 128))
                .put((byte) 0)
                .putShort((short) 0)
                .putShort((short) identifier)
                .array();
        return ip(source, destination, v4 ? ICMP : ICMPV6, request);
    }

    /** Any IP packet; the checksum of ICMP and ICMPv6 is filled in. */
    byte[] ip(String source, String destination, int protocol, byte[] payload) {
        InetAddress s = Addresses.literal(source);
        InetAddress d = Addresses.literal(destination);
        return s.getAddress().length == 4 ? v4(s, d, protocol, payload, 0, 0x4000) : v6(s, d, protocol, payload, 64);
    }

    /** One IPv4 fragment. */
    byte[] fragment(
            String source, String destination, int protocol, byte[] part, int id, int offsetBytes, boolean more) {
        return v4(
                Addresses.literal(source),
                Addresses.literal(destination),
                protocol,
                part,
                id,
                (more ? 0x2000 : 0) | offsetBytes / 8);
    }

    /** One IPv6 fragment. */
    byte[] fragment6(
            String source, String destination, int protocol, byte[] part, int id, int offsetBytes, boolean more) {
        byte[] payload = ByteBuffer.allocate(8 + part.length)
                .put((byte) protocol)
                .put((byte) 0)
                .putShort((short) (offsetBytes | (more ? 1 : 0)))
                .putInt(id)
                .put(part)
                .array();
        return v6(Addresses.literal(source), Addresses.literal(destination), 44, payload, 64);
    }

    byte[] v4(InetAddress source, InetAddress destination, int protocol, byte[] payload, int id, int fragment) {
        byte[] content = payload.clone();
        if (protocol == ICMP && content.length >= 4 && (fragment & 0x1fff) == 0) {
            put(content, 2, checksum(content, 0));
        }
        ByteBuffer header = ByteBuffer.allocate(V4_HEADER)
                .put((byte) 0x45)
                .put((byte) 0)
                .putShort((short) (V4_HEADER + content.length))
                .putShort((short) id)
                .putShort((short) fragment)
                .put((byte) 64)
                .put((byte) protocol)
                .putShort((short) 0)
                .put(source.getAddress())
                .put(destination.getAddress());
        put(header.array(), 10, checksum(header.array(), 0));
        return ethernet(IPV4, join(header.array(), content));
    }

    byte[] v6(InetAddress source, InetAddress destination, int protocol, byte[] payload, int hops) {
        byte[] content = payload.clone();
        if (protocol == ICMPV6 && content.length >= 4) {
            put(content, 2, checksum(content, pseudo(source, destination, content.length)));
        }
        byte[] header = ByteBuffer.allocate(V6_HEADER)
                .put((byte) 0x60)
                .put(new byte[3])
                .putShort((short) content.length)
                .put((byte) protocol)
                .put((byte) hops)
                .put(source.getAddress())
                .put(destination.getAddress())
                .array();
        return ethernet(IPV6, join(header, content));
    }

    byte[] neighbourSolicitation(String source, String target) {
        byte[] content = ByteBuffer.allocate(32)
                .put((byte) 135)
                .put(new byte[7])
                .put(Addresses.literal(target).getAddress())
                .put((byte) 1)
                .put((byte) 1)
                .put(from.octets())
                .array();
        byte[] group = Addresses.literal("ff02::1:ff00:0").getAddress();
        System.arraycopy(Addresses.literal(target).getAddress(), 13, group, 13, 3);
        return v6(Addresses.literal(source), Addresses.of(group), ICMPV6, content, 255);
    }

    byte[] arp(int operation, String sender, String target) {
        return ethernet(
                0x0806,
                ByteBuffer.allocate(28)
                        .putShort((short) 1)
                        .putShort((short) IPV4)
                        .put((byte) 6)
                        .put((byte) 4)
                        .putShort((short) operation)
                        .put(from.octets())
                        .put(Addresses.literal(sender).getAddress())
                        .put(new byte[6])
                        .put(Addresses.literal(target).getAddress())
                        .array());
    }

    static byte[] join(byte[] a, byte[] b) {
        byte[] joined = Arrays.copyOf(a, a.length + b.length);
        System.arraycopy(b, 0, joined, a.length, b.length);
        return joined;
    }

    static byte[] part(byte[] frame, int from, int to) {
        return Arrays.copyOfRange(frame, from, to);
    }

    static void put(byte[] bytes, int at, int value) {
        bytes[at] = (byte) (value >> 8);
        bytes[at + 1] = (byte) value;
    }

    static int get16(byte[] bytes, int at) {
        return (bytes[at] & 0xff) << 8 | (bytes[at + 1] & 0xff);
    }

    static long pseudo(InetAddress source, InetAddress destination, int length) {
        return sum(source.getAddress()) + sum(destination.getAddress()) + length + ICMPV6;
    }

    /** The Internet checksum (RFC 1071); zero over bytes that hold a true one. */
    static int checksum(byte[] bytes, long start) {
        long sum = start + sum(bytes);
        while (sum >> 16 != 0) {
            sum = (sum & 0xffff) + (sum >> 16);
        }
        return (int) ~sum & 0xffff;
    }

    private static long sum(byte[] bytes) {
        long sum = 0;
        for (int i = 0; i < bytes.length; i += 2) {
            sum += (bytes[i] & 0xff) << 8 | (i + 1 < bytes.length ? bytes[i + 1] & 0xff : 0);
        }
        return sum;
    }
}
