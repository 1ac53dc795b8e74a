package dev.godwit.linux;

import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;

/**
 * A netlink socket of the network namespace of the thread that opened it. One thread sends and receives; {@link #close}
 * only when none does. Source: netlink(7), linux/netlink.h.
 */
public final class Netlink implements AutoCloseable {
    /** The protocol of nfnetlink: connection tracking, nftables. */
    public static final int NETFILTER = 12;

    static final int SOL_NETLINK = 270;
    static final int NETLINK_ADD_MEMBERSHIP = 1;
    static final int ADDRESS_BYTES = 12;

    /** More than a netlink dump ever puts in one datagram (NLMSG_GOODSIZE is 8 KiB, dumps use up to 32 KiB). */
    public static final int DATAGRAM_BYTES_MAX = 1 << 18;

    private final Descriptor descriptor;
    private final Arena arena = Arena.ofShared();
    private final MemorySegment out = arena.allocate(DATAGRAM_BYTES_MAX, 8);
    private final MemorySegment in = arena.allocate(DATAGRAM_BYTES_MAX, 8);

    private Netlink(Descriptor descriptor) {
        this.descriptor = descriptor;
    }

    /**
     * Opens and binds a socket.
     *
     * @param protocol for example {@link #NETFILTER}
     * @throws LinuxException EPROTONOSUPPORT: the kernel is built without it
     */
    public static Netlink open(int protocol) throws IOException {
        Descriptor socket =
                Socket.open(Socket.AF_NETLINK, Socket.SOCK_RAW, protocol, "a netlink socket of protocol " + protocol);
        try (Arena call = Arena.ofConfined()) {
            MemorySegment address = call.allocate(ADDRESS_BYTES, 4);
            address.set(JAVA_SHORT, 0, (short) Socket.AF_NETLINK);
            Socket.bind(socket, address);
            return new Netlink(socket);
        } catch (IOException | RuntimeException failed) {
            socket.close();
            throw failed;
        }
    }

    /** Hears of a multicast group's messages from now on. */
    public void join(int group) throws IOException {
        Socket.option(descriptor, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, group, "NETLINK_ADD_MEMBERSHIP");
    }

    /** Room for messages that were not received yet; the kernel doubles it. Needs CAP_NET_ADMIN. */
    public void receiveBuffer(int bytes) throws IOException {
        Socket.option(descriptor, Socket.SOL_SOCKET, Socket.SO_RCVBUFFORCE, bytes, "SO_RCVBUFFORCE");
    }

    /**
     * Sends one datagram of whole messages to the kernel.
     *
     * @throws LinuxException ENOBUFS: the kernel's answers of earlier datagrams were not received
     */
    public void send(ByteBuffer messages) throws IOException {
        int bytes = messages.remaining();
        if (bytes > DATAGRAM_BYTES_MAX) {
            throw new IllegalArgumentException(
                    "a netlink datagram of " + bytes + " bytes, most is " + DATAGRAM_BYTES_MAX);
        }
        MemorySegment.copy(MemorySegment.ofBuffer(messages), 0, out, 0, bytes);
        Socket.send(descriptor, out.asSlice(0, bytes));
    }

    /**
     * Receives one datagram. Blocks a platform thread.
     *
     * @return its bytes in the machine's order, valid until the next call; empty if none came within {@code timeout}
     * @throws LinuxException ENOBUFS: messages were lost because they were not received in time
     */
    public ByteBuffer receive(Duration timeout) throws IOException {
        if (!Poll.readable(descriptor, timeout)) {
            return ByteBuffer.allocate(0);
        }
        long received = Socket.receive(descriptor, in);
        if (received > DATAGRAM_BYTES_MAX) {
            throw new IOException("a netlink datagram of " + received + " bytes, most is " + DATAGRAM_BYTES_MAX);
        }
        return in.asSlice(0, Math.max(0, received))
                .asByteBuffer()
                .asReadOnlyBuffer()
                .order(ByteOrder.nativeOrder());
    }

    /** Closes the socket and leaves its groups; a second call does nothing. */
    @Override
    public void close() {
        descriptor.close();
        if (arena.scope().isAlive()) {
            arena.close();
        }
    }
}
