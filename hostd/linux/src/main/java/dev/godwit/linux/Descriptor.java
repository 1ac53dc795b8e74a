package dev.godwit.linux;

import static dev.godwit.linux.Libc.INT;
import static dev.godwit.linux.Libc.POINTER;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * An open file descriptor of this process, owned by whoever holds this object. Source: fcntl.h, unistd.h.
 *
 * <p>Thread-safe; the owner must not close it while another thread is inside a call on it.
 */
public final class Descriptor implements AutoCloseable {
    static final int O_RDONLY = 0;
    static final int O_RDWR = 2;
    static final int O_CREAT = 0x40;
    static final int O_EXCL = 0x80;
    static final int O_NONBLOCK = 0x800;
    static final int O_NOFOLLOW = 0x20000;
    static final int O_CLOEXEC = 0x80000;
    static final int F_DUPFD_CLOEXEC = 1030;

    private static final MethodHandle OPEN = Libc.variadic("open", 2, INT, POINTER, INT, INT);
    private static final MethodHandle CLOSE = Libc.function("close", INT, INT);
    private static final MethodHandle FCNTL = Libc.variadic("fcntl", 2, INT, INT, INT, INT);

    private final int number;
    private final String what;
    private final AtomicBoolean closed = new AtomicBoolean();

    Descriptor(int number, String what) {
        this.number = number;
        this.what = what;
    }

    /** Opens a file; always close-on-exec. */
    static Descriptor open(Path path, int flags, int mode) throws LinuxException {
        try (Arena arena = Arena.ofConfined()) {
            int opened = (int) OPEN.invokeExact(Libc.errnoSegment(), Libc.path(arena, path), flags | O_CLOEXEC, mode);
            if (opened < 0) {
                throw Libc.failure("open " + path);
            }
            return new Descriptor(opened, path.toString());
        } catch (LinuxException failed) {
            throw failed;
        } catch (Throwable thrown) {
            throw Libc.unexpected(thrown);
        }
    }

    /** A second descriptor of the same open file. */
    public Descriptor duplicate() throws IOException {
        try {
            int copy = (int) FCNTL.invokeExact(Libc.errnoSegment(), number(), F_DUPFD_CLOEXEC, 0);
            if (copy < 0) {
                throw Libc.failure("duplicate the descriptor of " + what);
            }
            return new Descriptor(copy, what);
        } catch (LinuxException failed) {
            throw failed;
        } catch (Throwable thrown) {
            throw Libc.unexpected(thrown);
        }
    }

    /**
     * Its number in this process.
     *
     * @throws IllegalStateException it was closed; the number may be another file's by now
     */
    public int number() {
        if (closed.get()) {
            throw new IllegalStateException("the descriptor of " + what + " is closed");
        }
        return number;
    }

    /** What it was opened on, for messages. */
    public String what() {
        return what;
    }

    /** Closes it; a second call does nothing. */
    @Override
    public void close() {
        if (!closed.compareAndSet(false, true)) {
            return;
        }
        try {
            int result = (int) CLOSE.invokeExact(Libc.errnoSegment(), number);
            // Linux releases the number even where close reports EINTR or EIO; trying again could close another file.
            if (result < 0 && Libc.errno() != Errno.EINTR) {
                throw new UncheckedIOException(Libc.failure("close " + what));
            }
        } catch (UncheckedIOException failed) {
            throw failed;
        } catch (Throwable thrown) {
            throw Libc.unexpected(thrown);
        }
    }
}
