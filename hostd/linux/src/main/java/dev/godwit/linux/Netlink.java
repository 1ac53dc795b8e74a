package dev.godwit.linux;

import static dev.godwit.linux.Libc.INT;
import static dev.godwit.linux.Libc.LONG;
import static dev.godwit.linux.Libc.POINTER;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
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

    static final int AF_NETLINK = 16;
    static final int SOCK_RAW = 3;
    static final int SOCK_CLOEXEC = 0x80000;
    static final int SOL_SOCKET = 1;
    static final int SO_RCVBUFFORCE = 33;
    static final int SOL_NETLINK = 270;
    static final int NETLINK_ADD_MEMBERSHIP = 1;
    static final int MSG_DONTWAIT = 0x40;
    static final int MSG_TRUNC = 0x20;
    static final int SOCKADDR_BYTES = 12;

    /** More than a netlink dump ever puts in one datagram (NLMSG_GOODSIZE is 8 KiB, dumps use up to 32 KiB). */
    public static final int DATAGRAM_BYTES_MAX = 1 << 18;

    private static final MethodHandle SOCKET = Libc.function("socket", INT, INT, INT, INT);
    private static final MethodHandle BIND = Libc.function("bind", INT, INT, POINTER, INT);
    private static final MethodHandle SETSOCKOPT = Libc.function("setsockopt", INT, INT, INT, INT, POINTER, INT);
    private static final MethodHandle SEND = Libc.function("send", LONG, INT, POINTER, LONG, INT);
    private static final MethodHandle RECV = Libc.function("recv", LONG, INT, POINTER, LONG, INT);
    private static final MethodHandle POLL = Libc.function("poll", INT, POINTER, LONG, INT);

    private final Descriptor descriptor;
    private final Arena arena = Arena.ofShared();
    private final MemorySegment out = arena.allocate(DATAGRAM_BYTES_MAX, 8);
    private final MemorySegment in = arena.allocate(DATAGRAM_BYTES_MAX, 8);
    private final MemorySegment pollfd = arena.allocate(Pidfd.POLLFD_BYTES, 4);

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
        int opened;
        try {
            opened = (int) SOCKET.invokeExact(Libc.errnoSegment(), AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
        } catch (Throwable thrown) {
            throw Libc.unexpected(thrown);
        }
        if (opened < 0) {
            throw Libc.failure("socket AF_NETLINK of protocol " + protocol);
        }
        Netlink netlink = new Netlink(new Descriptor(opened, "netlink socket of protocol " + protocol));
        boolean bound = false;
        try {
            netlink.bind();
            bound = true;
            return netlink;
        } finally {
            if (!bound) {
                netlink.close();
            }
        }
    }

    private void bind() throws IOException {
        try (Arena call = Arena.ofConfined()) {
            MemorySegment address = call.allocate(SOCKADDR_BYTES, 4);
            address.set(JAVA_SHORT, 0, (short) AF_NETLINK);
            int result;
            try {
                result = (int) BIND.invokeExact(Libc.errnoSegment(), descriptor.number(), address, SOCKADDR_BYTES);
            } catch (Throwable thrown) {
                throw Libc.unexpected(thrown);
            }
            if (result < 0) {
                throw Libc.failure("bind " + descriptor.what());
            }
        }
    }

    /** Hears of a multicast group's messages from now on. */
    public void join(int group) throws IOException {
        option(SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, group, "NETLINK_ADD_MEMBERSHIP of group " + group);
    }

    /** Room for messages that were not received yet; the kernel doubles it. Needs CAP_NET_ADMIN. */
    public void receiveBuffer(int bytes) throws IOException {
        option(SOL_SOCKET, SO_RCVBUFFORCE, bytes, "SO_RCVBUFFORCE of " + bytes + " bytes");
    }

    private void option(int level, int name, int value, String attempt) throws IOException {
        try (Arena call = Arena.ofConfined()) {
            MemorySegment number = call.allocate(JAVA_INT);
            number.set(JAVA_INT, 0, value);
            int result;
            try {
                result = (int) SETSOCKOPT.invokeExact(Libc.errnoSegment(), descriptor.number(), level, name, number, 4);
            } catch (Throwable thrown) {
                throw Libc.unexpected(thrown);
            }
            if (result < 0) {
                throw Libc.failure("setsockopt " + attempt + " on " + descriptor.what());
            }
        }
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
        long sent;
        try {
            sent = (long) SEND.invokeExact(Libc.errnoSegment(), descriptor.number(), out, (long) bytes, 0);
        } catch (Throwable thrown) {
            throw Libc.unexpected(thrown);
        }
        if (sent < 0) {
            throw Libc.failure("send " + bytes + " bytes on " + descriptor.what());
        }
    }

    /**
     * Receives one datagram. Blocks a platform thread.
     *
     * @return its bytes in the machine's order, valid until the next call; empty if none came within {@code timeout}
     * @throws LinuxException ENOBUFS: messages were lost because they were not received in time
     */
    public ByteBuffer receive(Duration timeout) throws IOException {
        if (!awaitInput(timeout)) {
            return ByteBuffer.allocate(0);
        }
        long received;
        try {
            received = (long) RECV.invokeExact(
                    Libc.errnoSegment(), descriptor.number(), in, (long) DATAGRAM_BYTES_MAX, MSG_DONTWAIT | MSG_TRUNC);
        } catch (Throwable thrown) {
            throw Libc.unexpected(thrown);
        }
        if (received < 0) {
            int errno = Libc.errno();
            if (errno == Errno.EAGAIN || errno == Errno.EINTR) {
                return ByteBuffer.allocate(0);
            }
            throw Libc.failure("recv on " + descriptor.what());
        }
        if (received > DATAGRAM_BYTES_MAX) {
            throw new IOException("a netlink datagram of " + received + " bytes, most is " + DATAGRAM_BYTES_MAX);
        }
        return in.asSlice(0, received).asByteBuffer().asReadOnlyBuffer().order(ByteOrder.nativeOrder());
    }

    private boolean awaitInput(Duration timeout) throws IOException {
        pollfd.set(JAVA_INT, 0, descriptor.number());
        pollfd.set(JAVA_SHORT, Pidfd.POLLFD_EVENTS, Pidfd.POLLIN);
        int millis = (int) Math.min(timeout.toMillis(), Integer.MAX_VALUE);
        int ready;
        try {
            ready = (int) POLL.invokeExact(Libc.errnoSegment(), pollfd, 1L, millis);
        } catch (Throwable thrown) {
            throw Libc.unexpected(thrown);
        }
        if (ready < 0 && Libc.errno() != Errno.EINTR) {
            throw Libc.failure("poll " + descriptor.what());
        }
        return ready > 0;
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
