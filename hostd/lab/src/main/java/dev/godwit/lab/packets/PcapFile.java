package dev.godwit.lab.packets;

import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The VXLAN frames of a capture as tcpdump writes it, with IPv4 below them. Sources: draft-ietf-opsawg-pcap, the link types
 * LINUX_SLL (113), LINUX_SLL2 (276) and ETHERNET (1) of the tcpdump group's list; RFC 7348.
 */
public final class PcapFile {
    private static final int VXLAN_PORT = 4789;
    /** The bit of the network's number that says: passed on once. */
    private static final int FORWARDED = 1 << 22;
    /** A demo's capture has some hundred thousand frames; more is not a demo's. */
    private static final int FRAMES_MAX = 5_000_000;

    private static final int SNAP_MAX = 1 << 18;

    private PcapFile() {}

    /**
     * Reads a capture; what is no VXLAN frame with IP inside is left out, and so is a last record that is cut off.
     *
     * @throws IOException if it is no such file
     */
    public static List<VxlanFrame> read(Path file) throws IOException {
        try (InputStream in = new BufferedInputStream(Files.newInputStream(file), 1 << 16)) {
            return read(new DataInputStream(in), file.toString());
        }
    }

    private static List<VxlanFrame> read(DataInputStream in, String name) throws IOException {
        byte[] head = new byte[24];
        in.readFully(head);
        ByteBuffer header = ByteBuffer.wrap(head).order(ByteOrder.LITTLE_ENDIAN);
        int magic = header.getInt(0);
        if (magic != 0xa1b2c3d4 && magic != 0xa1b23c4d) {
            throw new IOException(
                    name + " is no capture of this machine's byte order: it begins with " + Integer.toHexString(magic));
        }
        double perMilli = magic == 0xa1b2c3d4 ? 1e3 : 1e6;
        int link = header.getInt(20);
        List<VxlanFrame> frames = new ArrayList<>();
        byte[] record = new byte[16];
        while (true) {
            try {
                in.readFully(record);
                ByteBuffer times = ByteBuffer.wrap(record).order(ByteOrder.LITTLE_ENDIAN);
                double at = Integer.toUnsignedLong(times.getInt(0)) * 1e3
                        + Integer.toUnsignedLong(times.getInt(4)) / perMilli;
                int kept = times.getInt(8);
                if (kept < 0 || kept > SNAP_MAX) {
                    throw new IOException(name + " holds a record of " + kept + " bytes");
                }
                byte[] bytes = new byte[kept];
                in.readFully(bytes);
                frame(at, link, ByteBuffer.wrap(bytes), times.getInt(12)).ifPresent(frames::add);
                if (frames.size() > FRAMES_MAX) {
                    throw new IOException(name + " holds more than " + FRAMES_MAX + " frames");
                }
            } catch (EOFException end) {
                return frames;
            }
        }
    }

    private static Optional<VxlanFrame> frame(double at, int link, ByteBuffer bytes, int length) throws IOException {
        try {
            int network = switch (link) {
                case 1 -> 14;
                case 113 -> 16;
                case 276 -> 20;
                default -> throw new IOException("link type " + link + " is none that this reader knows");
            };
            return outer(at, bytes.position(network).slice(), length - network);
        } catch (BufferUnderflowException | IndexOutOfBoundsException | IllegalArgumentException cut) {
            return Optional.empty(); // too short for what it says it is: no frame of a VM
        }
    }

    private static Optional<VxlanFrame> outer(double at, ByteBuffer ip, int length) throws UnknownHostException {
        int headerBytes = (ip.get(0) & 0x0f) * 4;
        if (ip.get(0) >> 4 != 4 || ip.get(9) != 17 || (ip.getShort(6) & 0x1fff) != 0) {
            return Optional.empty();
        }
        int udp = headerBytes;
        if (Short.toUnsignedInt(ip.getShort(udp + 2)) != VXLAN_PORT || (ip.get(udp + 8) & 0x08) == 0) {
            return Optional.empty();
        }
        int vni = ip.getInt(udp + 12) >>> 8;
        int ethernet = udp + 16;
        int type = Short.toUnsignedInt(ip.getShort(ethernet + 12));
        int inner = ethernet + 14;
        int addressBytes = type == 0x0800 ? 4 : 16;
        if (type != 0x0800 && type != 0x86dd) {
            return Optional.empty();
        }
        int source = inner + (type == 0x0800 ? 12 : 8);
        return Optional.of(new VxlanFrame(
                at,
                address(ip, 12, 4),
                address(ip, 16, 4),
                vni & ~FORWARDED & 0xffffff,
                (vni & FORWARDED) != 0,
                address(ip, source, addressBytes),
                address(ip, source + addressBytes, addressBytes),
                length));
    }

    private static InetAddress address(ByteBuffer bytes, int at, int length) throws UnknownHostException {
        byte[] raw = new byte[length];
        bytes.get(at, raw);
        return InetAddress.getByAddress(raw);
    }
}
