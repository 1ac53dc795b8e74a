package dev.godwit.linux;

import static dev.godwit.linux.Libc.INT;
import static dev.godwit.linux.Libc.POINTER;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.time.Duration;

/**
 * A process, held so that its number can't become another's. Thread-safe but for {@link #close}. Source: pidfd_open(2),
 * pidfd_getfd(2), pidfd_send_signal(2), poll(2).
 */
public final class Pidfd implements AutoCloseable {
    private static final MethodHandle PIDFD_OPEN = Libc.function("pidfd_open", INT, INT, INT);
    private static final MethodHandle PIDFD_GETFD = Libc.function("pidfd_getfd", INT, INT, INT, INT);
    private static final MethodHandle PIDFD_SEND_SIGNAL =
            Libc.function("pidfd_send_signal", INT, INT, INT, POINTER, INT);

    private final long pid;
    private final Descriptor descriptor;

    private Pidfd(long pid, Descriptor descriptor) {
        this.pid = pid;
        this.descriptor = descriptor;
    }

    /**
     * Takes hold of a process.
     *
     * @throws LinuxException ESRCH: there is none of this number
     */
    public static Pidfd open(long pid) throws IOException {
        if (pid < 1 || pid > Integer.MAX_VALUE) {
            throw new IllegalArgumentException("process id " + pid + " is not between 1 and 2147483647");
        }
        int opened;
        try {
            opened = (int) PIDFD_OPEN.invokeExact(Libc.errnoSegment(), (int) pid, 0);
        } catch (Throwable thrown) {
            throw Libc.unexpected(thrown);
        }
        if (opened < 0) {
            throw Libc.failure("pidfd_open process " + pid);
        }
        return new Pidfd(pid, new Descriptor(opened, "process " + pid));
    }

    /** The process's number. */
    public long pid() {
        return pid;
    }

    /**
     * A duplicate of one of the process's descriptors.
     *
     * @throws LinuxException EPERM: no right to trace it; EBADF: it has no such descriptor; ESRCH: it is gone
     */
    public Descriptor take(int number) throws IOException {
        int taken;
        try {
            taken = (int) PIDFD_GETFD.invokeExact(Libc.errnoSegment(), descriptor.number(), number, 0);
        } catch (Throwable thrown) {
            throw Libc.unexpected(thrown);
        }
        if (taken < 0) {
            throw Libc.failure("pidfd_getfd " + number + " of process " + pid);
        }
        return new Descriptor(taken, "descriptor " + number + " of process " + pid);
    }

    /**
     * Sends a signal.
     *
     * @throws LinuxException ESRCH: it is gone; EPERM: no right to
     */
    public void signal(int signal) throws IOException {
        int result;
        try {
            result = (int) PIDFD_SEND_SIGNAL.invokeExact(
                    Libc.errnoSegment(), descriptor.number(), signal, MemorySegment.NULL, 0);
        } catch (Throwable thrown) {
            throw Libc.unexpected(thrown);
        }
        if (result < 0) {
            throw Libc.failure("pidfd_send_signal " + signal + " to process " + pid);
        }
    }

    /** Whether the process has not ended. */
    public boolean isAlive() throws IOException {
        return !awaitExit(Duration.ZERO);
    }

    /** Waits for the process's end; blocks a platform thread. False: it still runs after {@code timeout}. */
    public boolean awaitExit(Duration timeout) throws IOException {
        return Poll.readable(descriptor, timeout);
    }

    /** Lets go of the process; a second call does nothing. */
    @Override
    public void close() {
        descriptor.close();
    }
}
