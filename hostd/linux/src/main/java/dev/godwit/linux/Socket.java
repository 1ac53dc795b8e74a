package dev.godwit.linux;

import static dev.godwit.linux.Libc.INT;
import static dev.godwit.linux.Libc.LONG;
import static dev.godwit.linux.Libc.POINTER;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/** The socket calls that Java's own sockets don't offer. Source: socket(2), bind(2), send(2), recv(2), setsockopt(2). */
final class Socket {
    static final int AF_NETLINK = 16;
    static final int AF_PACKET = 17;
    static final int SOCK_RAW = 3;
    static final int SOCK_CLOEXEC = 0x80000;
    static final int SOCK_NONBLOCK = 0x800;
    static final int MSG_DONTWAIT = 0x40;
    static final int MSG_TRUNC = 0x20;
    static final int SOL_SOCKET = 1;
    static final int SO_SNDBUFFORCE = 32;
    static final int SO_RCVBUFFORCE = 33;

    private static final MethodHandle SOCKET = Libc.function("socket", INT, INT, INT, INT);
    private static final MethodHandle BIND = Libc.function("bind", INT, INT, POINTER, INT);
    private static final MethodHandle SETSOCKOPT = Libc.function("setsockopt", INT, INT, INT, INT, POINTER, INT);
    private static final MethodHandle SEND = Libc.function("send", LONG, INT, POINTER, LONG, INT);
    private static final MethodHandle RECV = Libc.function("recv", LONG, INT, POINTER, LONG, INT);

    private Socket() {}

    /** A new socket in the network namespace of the calling thread; always close-on-exec. */
    static Descriptor open(int family, int type, int protocol, String what) throws LinuxException {
        int opened;
        try {
            opened = (int) SOCKET.invokeExact(Libc.errnoSegment(), family, type | SOCK_CLOEXEC, protocol);
        } catch (Throwable thrown) {
            throw Libc.unexpected(thrown);
        }
        if (opened < 0) {
            throw Libc.failure("open " + what);
        }
        return new Descriptor(opened, what);
    }

    static void bind(Descriptor socket, MemorySegment address) throws LinuxException {
        int result;
        try {
            result = (int) BIND.invokeExact(
                    Libc.errnoSegment(), socket.number(), address, Math.toIntExact(address.byteSize()));
        } catch (Throwable thrown) {
            throw Libc.unexpected(thrown);
        }
        if (result < 0) {
            throw Libc.failure("bind " + socket.what());
        }
    }

    static void option(Descriptor socket, int level, int name, int value, String called) throws LinuxException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment number = arena.allocateFrom(JAVA_INT, value);
            int result;
            try {
                result = (int) SETSOCKOPT.invokeExact(
                        Libc.errnoSegment(), socket.number(), level, name, number, Integer.BYTES);
            } catch (Throwable thrown) {
                throw Libc.unexpected(thrown);
            }
            if (result < 0) {
                throw Libc.failure("set " + called + " = " + value + " on " + socket.what());
            }
        }
    }

    /** Sends the whole of {@code message}; never waits. */
    static void send(Descriptor socket, MemorySegment message) throws LinuxException {
        Libc.requireNative(message);
        long sent;
        do {
            try {
                sent = (long) SEND.invokeExact(
                        Libc.errnoSegment(), socket.number(), message, message.byteSize(), MSG_DONTWAIT);
            } catch (Throwable thrown) {
                throw Libc.unexpected(thrown);
            }
        } while (sent < 0 && Libc.errno() == Errno.EINTR);
        if (sent < 0) {
            throw Libc.failure("send " + message.byteSize() + " bytes over " + socket.what());
        }
    }

    /** The length of the next message, of which as much as fits is in {@code into}; -1: there is none now. */
    static long receive(Descriptor socket, MemorySegment into) throws IOException {
        Libc.requireNative(into);
        while (true) {
            long got;
            try {
                got = (long) RECV.invokeExact(
                        Libc.errnoSegment(), socket.number(), into, into.byteSize(), MSG_DONTWAIT | MSG_TRUNC);
            } catch (Throwable thrown) {
                throw Libc.unexpected(thrown);
            }
            if (got >= 0) {
                return got;
            }
            if (Libc.errno() == Errno.EAGAIN) {
                return -1;
            }
            if (Libc.errno() != Errno.EINTR) {
                throw Libc.failure("receive from " + socket.what());
            }
        }
    }
}
