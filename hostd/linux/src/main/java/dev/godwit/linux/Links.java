package dev.godwit.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;

/**
 * Asks the kernel about network devices, in the network namespace of the thread that opened this. (Files below
 * {@code /sys/class/net} are those of the namespace that mounted {@code /sys}, which may be another.)
 *
 * <p>Thread-safe. Source: rtnetlink(7), linux/if_link.h.
 */
public final class Links implements AutoCloseable {
    static final int NETLINK_ROUTE = 0;
    static final short RTM_NEWLINK = 16;
    static final short RTM_GETLINK = 18;
    static final short NLM_F_REQUEST = 1;
    static final short NLMSG_ERROR = 2;
    static final int NLMSGHDR_BYTES = 16;
    static final int NLMSGHDR_TYPE = 4;
    static final int NLMSGHDR_FLAGS = 6;
    static final int NLMSGHDR_SEQUENCE = 8;
    static final int IFINFOMSG_BYTES = 16;
    static final int IFINFOMSG_INDEX = 4;
    static final int IFINFOMSG_FLAGS = 8;
    static final int RTATTR_BYTES = 4;
    static final short IFLA_IFNAME = 3;
    static final short IFLA_MTU = 4;
    static final short IFLA_QDISC = 6;
    static final short IFLA_TXQLEN = 13;
    static final short IFLA_STATS64 = 23;
    static final int STATS_RX_PACKETS = 0;
    static final int STATS_TX_PACKETS = 8;
    static final int STATS_TX_DROPPED = 56;
    static final int IFF_UP = 0x1;
    static final int IFF_RUNNING = 0x40;

    /** A description of a device has about 1.5 KiB. */
    private static final int ANSWER_BYTES = 32 << 10;
    /** The kernel answers in the call that asks; longer means that something is badly wrong. */
    private static final Duration ANSWER_WITHIN = Duration.ofSeconds(5);

    private final Descriptor socket;
    private final Arena arena = Arena.ofShared();
    private final MemorySegment question = arena.allocate(64, 8);
    private final MemorySegment answer = arena.allocate(ANSWER_BYTES, 8);
    private int sequence;

    private Links(Descriptor socket) {
        this.socket = socket;
    }

    /** Opens a netlink socket. */
    public static Links open() throws IOException {
        return new Links(
                Socket.open(Socket.AF_NETLINK, Socket.SOCK_RAW, NETLINK_ROUTE, "a netlink socket for devices"));
    }

    /** The device of a name, if there is one. */
    public synchronized Optional<Link> find(String name) throws IOException {
        byte[] bytes = name.getBytes(StandardCharsets.US_ASCII);
        if (bytes.length == 0 || bytes.length > Tap.NAME_BYTES_MAX) {
            throw new IllegalArgumentException("interface name " + name + " is not 1 to 15 bytes");
        }
        int attribute = NLMSGHDR_BYTES + IFINFOMSG_BYTES;
        int length = attribute + RTATTR_BYTES + bytes.length + 1;
        question.fill((byte) 0);
        question.set(JAVA_SHORT, attribute, (short) (RTATTR_BYTES + bytes.length + 1));
        question.set(JAVA_SHORT, attribute + 2L, IFLA_IFNAME);
        MemorySegment.copy(MemorySegment.ofArray(bytes), 0, question, attribute + (long) RTATTR_BYTES, bytes.length);
        return ask(length, name);
    }

    /** The device of a number, if there is one. */
    public synchronized Optional<Link> find(int index) throws IOException {
        if (index < 1) {
            throw new IllegalArgumentException("interface number " + index + " is below 1");
        }
        question.fill((byte) 0);
        question.set(JAVA_INT, NLMSGHDR_BYTES + IFINFOMSG_INDEX, index);
        return ask(NLMSGHDR_BYTES + IFINFOMSG_BYTES, "of number " + index);
    }

    private Optional<Link> ask(int length, String device) throws IOException {
        question.set(JAVA_INT, 0, length);
        question.set(JAVA_SHORT, NLMSGHDR_TYPE, RTM_GETLINK);
        question.set(JAVA_SHORT, NLMSGHDR_FLAGS, NLM_F_REQUEST);
        question.set(JAVA_INT, NLMSGHDR_SEQUENCE, ++sequence);
        Socket.send(socket, question.asSlice(0, (length + 3) & ~3));
        return answerTo(device);
    }

    private Optional<Link> answerTo(String name) throws IOException {
        while (true) {
            long got = Socket.receive(socket, answer);
            if (got < 0) {
                if (!Poll.readable(socket, ANSWER_WITHIN)) {
                    throw new IOException("the kernel did not answer within " + ANSWER_WITHIN.toSeconds()
                            + " s about the device " + name);
                }
                continue;
            }
            if (got > answer.byteSize() || got < NLMSGHDR_BYTES + Integer.BYTES) {
                throw new IOException("the kernel's answer about the device " + name + " has " + got + " bytes");
            }
            if (answer.get(JAVA_INT, NLMSGHDR_SEQUENCE) != sequence) {
                continue; // of a question that was given up
            }
            short type = answer.get(JAVA_SHORT, NLMSGHDR_TYPE);
            if (type == NLMSG_ERROR) {
                int errno = -answer.get(JAVA_INT, NLMSGHDR_BYTES);
                if (errno == Errno.ENODEV) {
                    return Optional.empty();
                }
                throw new LinuxException("ask for the device " + name, errno);
            }
            if (type == RTM_NEWLINK) {
                return Optional.of(parse(answer.asSlice(0, got)));
            }
        }
    }

    private static Link parse(MemorySegment message) throws IOException {
        int index = message.get(JAVA_INT, NLMSGHDR_BYTES + IFINFOMSG_INDEX);
        int flags = message.get(JAVA_INT, NLMSGHDR_BYTES + IFINFOMSG_FLAGS);
        String name = "";
        String queueing = "";
        int mtu = 0;
        int queueFrames = 0;
        long received = 0;
        long sent = 0;
        long dropped = 0;
        long at = NLMSGHDR_BYTES + IFINFOMSG_BYTES;
        while (at + RTATTR_BYTES <= message.byteSize()) {
            int length = Short.toUnsignedInt(message.get(JAVA_SHORT, at));
            if (length < RTATTR_BYTES || at + length > message.byteSize()) {
                throw new IOException("an attribute of a device has " + length + " bytes at " + at);
            }
            MemorySegment value = message.asSlice(at + RTATTR_BYTES, length - RTATTR_BYTES);
            switch (message.get(JAVA_SHORT, at + 2)) {
                case IFLA_IFNAME -> name = value.getString(0, StandardCharsets.US_ASCII);
                case IFLA_QDISC -> queueing = value.getString(0, StandardCharsets.US_ASCII);
                case IFLA_MTU -> mtu = value.get(JAVA_INT, 0);
                case IFLA_TXQLEN -> queueFrames = value.get(JAVA_INT, 0);
                case IFLA_STATS64 -> {
                    received = value.get(JAVA_LONG_UNALIGNED, STATS_RX_PACKETS);
                    sent = value.get(JAVA_LONG_UNALIGNED, STATS_TX_PACKETS);
                    dropped = value.get(JAVA_LONG_UNALIGNED, STATS_TX_DROPPED);
                }
                default -> {}
            }
            at += (length + 3) & ~3;
        }
        return new Link(
                index,
                name,
                (flags & IFF_UP) != 0,
                (flags & IFF_RUNNING) != 0,
                queueing,
                mtu,
                queueFrames,
                received,
                sent,
                dropped);
    }

    @Override
    public synchronized void close() {
        socket.close();
        if (arena.scope().isAlive()) {
            arena.close();
        }
    }
}
