package dev.godwit.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.time.Instant;

/**
 * Ethernet frames of one network device: puts them in, or sees all that pass. Belongs to the network namespace of the
 * thread that opened it, whoever uses it later. Not thread-safe. Source: packet(7), linux/if_packet.h,
 * linux/virtio_net.h.
 */
public final class PacketSocket implements AutoCloseable {
    /** Bytes of the {@code virtio_net_hdr} that stands before each frame that is put in. */
    public static final int HEADER_BYTES = 10;
    /** The most that a frame can have, header included: 64 KiB of a segmented packet and its link header. */
    public static final int FRAME_BYTES_MAX = 70_000;

    static final int SOL_PACKET = 263;
    static final int PACKET_VNET_HDR = 15;
    static final int PACKET_QDISC_BYPASS = 20;
    static final short ETH_P_ALL = 3;
    static final int ADDRESS_BYTES = 20;
    static final int ADDRESS_PROTOCOL = 2;
    static final int ADDRESS_INDEX = 4;
    static final long SIOCGSTAMPNS = 0x8907;
    /** Two seconds of 10,000 packets/s of full size: the reader may be late by that much. */
    private static final int CAPTURE_BUFFER_BYTES = 32 << 20;
    /** Frames that a queueing discipline holds count against their sender: as much as may be held for a VM. */
    private static final int INJECT_BUFFER_BYTES = 128 << 20;

    private final Descriptor socket;
    private final Arena arena = Arena.ofShared();
    private final MemorySegment timespec = arena.allocate(Clock.TIMESPEC_BYTES, 8);

    private PacketSocket(Descriptor socket) {
        this.socket = socket;
    }

    /**
     * To put frames in, each behind a {@code virtio_net_hdr} of {@link #HEADER_BYTES}.
     *
     * @param interfaceIndex of the device, see {@link Link#index}
     * @param pastQueue whether frames overtake those that the device's queueing discipline holds
     * @throws LinuxException ENODEV: no such device; EPERM: CAP_NET_RAW is missing
     */
    public static PacketSocket toInject(int interfaceIndex, boolean pastQueue) throws IOException {
        // Protocol 0: it receives nothing.
        PacketSocket made = open(interfaceIndex, (short) 0);
        try {
            Socket.option(made.socket, SOL_PACKET, PACKET_VNET_HDR, 1, "PACKET_VNET_HDR");
            Socket.option(made.socket, Socket.SOL_SOCKET, Socket.SO_SNDBUFFORCE, INJECT_BUFFER_BYTES, "SO_SNDBUFFORCE");
            if (pastQueue) {
                Socket.option(made.socket, SOL_PACKET, PACKET_QDISC_BYPASS, 1, "PACKET_QDISC_BYPASS");
            }
            return made;
        } catch (IOException | RuntimeException failed) {
            made.close();
            throw failed;
        }
    }

    /**
     * To see every frame that passes the device in either direction, before its programs and rules.
     *
     * @throws LinuxException as of {@link #toInject}
     */
    public static PacketSocket toCapture(int interfaceIndex) throws IOException {
        PacketSocket made = open(interfaceIndex, ETH_P_ALL);
        try {
            Socket.option(
                    made.socket, Socket.SOL_SOCKET, Socket.SO_RCVBUFFORCE, CAPTURE_BUFFER_BYTES, "SO_RCVBUFFORCE");
            return made;
        } catch (IOException | RuntimeException failed) {
            made.close();
            throw failed;
        }
    }

    private static PacketSocket open(int interfaceIndex, short protocol) throws IOException {
        if (interfaceIndex < 1) {
            throw new IllegalArgumentException("interface index " + interfaceIndex + " is not positive");
        }
        // Opened with protocol 0 and bound to the device with the wanted one: no frame of another device comes between.
        Descriptor socket = Socket.open(
                Socket.AF_PACKET,
                Socket.SOCK_RAW | Socket.SOCK_NONBLOCK,
                0,
                "a packet socket on interface " + interfaceIndex);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment address = arena.allocate(ADDRESS_BYTES, 4);
            address.set(JAVA_SHORT, 0, (short) Socket.AF_PACKET);
            address.set(JAVA_SHORT, ADDRESS_PROTOCOL, Short.reverseBytes(protocol));
            address.set(JAVA_INT, ADDRESS_INDEX, interfaceIndex);
            Socket.bind(socket, address);
            return new PacketSocket(socket);
        } catch (IOException | RuntimeException failed) {
            socket.close();
            throw failed;
        }
    }

    /**
     * Puts one frame into the device's queue.
     *
     * @param frame a {@code virtio_net_hdr} of {@link #HEADER_BYTES}, then the frame; native memory
     * @throws LinuxException ENOBUFS: the queue is full; EAGAIN: too much of ours waits in it; ENETDOWN: the device is down; EMSGSIZE: above its MTU
     */
    public void inject(MemorySegment frame) throws IOException {
        Socket.send(socket, frame);
    }

    /** Waits for a frame; blocks a platform thread. */
    public boolean awaitFrame(Duration within) throws IOException {
        return Poll.readable(socket, within);
    }

    /**
     * Takes the next frame.
     *
     * @param into native memory; a longer frame is cut
     * @return the length that the frame had; -1: there is none now
     */
    public int receive(MemorySegment into) throws IOException {
        return Math.toIntExact(Socket.receive(socket, into));
    }

    /** When the frame that {@link #receive} gave last passed. */
    public Instant receivedAt() throws IOException {
        if (Libc.ioctl(socket.number(), SIOCGSTAMPNS, timespec) < 0) {
            throw Libc.failure("ioctl SIOCGSTAMPNS on " + socket.what());
        }
        return Instant.ofEpochSecond(timespec.get(JAVA_LONG, 0), timespec.get(JAVA_LONG, Clock.TIMESPEC_NANOS));
    }

    @Override
    public void close() {
        socket.close();
        if (arena.scope().isAlive()) {
            arena.close();
        }
    }
}
