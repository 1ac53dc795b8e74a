package dev.godwit.edge;

import dev.godwit.linux.PacketSocket;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.nio.ByteBuffer;

/**
 * Tells everybody on a link where an address is now. It passes the rules of {@link EdgeRules}: an edge without the lease
 * announces nothing. Source: RFC 5227 §3 (ARP), RFC 4861 §7.2.6 (neighbour advertisement).
 */
final class Announcement {
    private static final int ETHERNET_BYTES = 14;
    private static final byte[] EVERYBODY = {-1, -1, -1, -1, -1, -1};
    private static final byte[] ALL_NODES_MAC = {0x33, 0x33, 0, 0, 0, 1};
    private static final byte[] ALL_NODES = {(byte) 0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
    private static final int ICMPV6 = 58;
    private static final int ADVERTISEMENT_BYTES = 32;

    private Announcement() {}

    /** Sends one, from the network namespace of the calling thread. */
    static void send(String device, InetAddress address) throws IOException {
        NetworkInterface link = NetworkInterface.getByName(device);
        byte[] mac = link == null ? null : link.getHardwareAddress();
        if (link == null || mac == null) {
            throw new IOException(
                    "there is no Ethernet interface " + device + " to announce " + address.getHostAddress() + " on");
        }
        byte[] frame = address instanceof Inet4Address
                ? arp(mac, address.getAddress())
                : advertisement(mac, address.getAddress());
        try (Arena arena = Arena.ofConfined();
                PacketSocket socket = PacketSocket.toInject(link.getIndex(), false)) {
            MemorySegment out = arena.allocate(PacketSocket.HEADER_BYTES + (long) frame.length, 8);
            MemorySegment.copy(MemorySegment.ofArray(frame), 0, out, PacketSocket.HEADER_BYTES, frame.length);
            socket.inject(out);
        }
    }

    /** A request for its own address: everybody learns from it. */
    static byte[] arp(byte[] mac, byte[] address) {
        return ByteBuffer.allocate(ETHERNET_BYTES + 28)
                .put(EVERYBODY)
                .put(mac)
                .putShort((short) 0x0806)
                .putShort((short) 1)
                .putShort((short) 0x0800)
                .put((byte) 6)
                .put((byte) 4)
                .putShort((short) 1)
                .put(mac)
                .put(address)
                .put(new byte[6])
                .put(address)
                .array();
    }

    /** An advertisement that nobody asked for, which overrides what was known. */
    static byte[] advertisement(byte[] mac, byte[] address) {
        ByteBuffer message = ByteBuffer.allocate(ADVERTISEMENT_BYTES)
                .put((byte) 136)
                .put((byte) 0)
                .putShort((short) 0)
                .putInt(0x20000000) // override
                .put(address)
                .put((byte) 2) // target's link-layer address
                .put((byte) 1)
                .put(mac);
        message.putShort(2, checksum(address, message.array()));
        return ByteBuffer.allocate(ETHERNET_BYTES + 40 + ADVERTISEMENT_BYTES)
                .put(ALL_NODES_MAC)
                .put(mac)
                .putShort((short) 0x86dd)
                .putInt(0x60000000)
                .putShort((short) ADVERTISEMENT_BYTES)
                .put((byte) ICMPV6)
                .put((byte) 255)
                .put(address)
                .put(ALL_NODES)
                .put(message.array())
                .array();
    }

    private static short checksum(byte[] source, byte[] message) {
        ByteBuffer pseudo = ByteBuffer.allocate(40 + message.length)
                .put(source)
                .put(ALL_NODES)
                .putInt(message.length)
                .putInt(ICMPV6)
                .put(message)
                .flip();
        int sum = 0;
        while (pseudo.hasRemaining()) {
            sum += Short.toUnsignedInt(pseudo.getShort());
        }
        while (sum >>> 16 != 0) {
            sum = (sum & 0xffff) + (sum >>> 16);
        }
        return (short) ~sum;
    }
}
