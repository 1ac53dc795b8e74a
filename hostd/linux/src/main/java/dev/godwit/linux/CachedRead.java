package dev.godwit.linux;

import static dev.godwit.linux.Libc.INT;
import static dev.godwit.linux.Libc.LONG;
import static dev.godwit.linux.Libc.POINTER;
import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/**
 * Reads what is in the page cache and does not wait for the medium. Source: preadv2(2), RWF_NOWAIT.
 *
 * <p>Thread-safe.
 */
public final class CachedRead {
    static final int RWF_NOWAIT = 8;
    static final int IOVEC_BYTES = 16;
    static final int IOVEC_LENGTH = 8;

    private static final MethodHandle PREADV2 = Libc.function("preadv2", LONG, INT, POINTER, INT, LONG, INT);
    private static final ThreadLocal<MemorySegment> IOVEC =
            ThreadLocal.withInitial(() -> Arena.ofAuto().allocate(IOVEC_BYTES, 8));

    private CachedRead() {}

    /**
     * Fills {@code into} (native memory) from {@code offset} on, if all of it is at hand.
     *
     * @return false when it is not, and {@code into} may hold a part then; always false on a file system that can't
     *     say (tmpfs, which never waits)
     */
    public static boolean read(SparseFile file, long offset, MemorySegment into) throws IOException {
        MemorySegment iovec = IOVEC.get();
        iovec.set(ADDRESS, 0, into);
        iovec.set(JAVA_LONG, IOVEC_LENGTH, into.byteSize());
        long moved;
        try {
            moved = (long)
                    PREADV2.invokeExact(Libc.errnoSegment(), file.descriptor().number(), iovec, 1, offset, RWF_NOWAIT);
        } catch (Throwable thrown) {
            throw Libc.unexpected(thrown);
        }
        if (moved >= 0) {
            return moved == into.byteSize();
        }
        int errno = Libc.errno();
        if (errno == Errno.EAGAIN || errno == Errno.EINTR || errno == Errno.EOPNOTSUPP) {
            return false;
        }
        throw Libc.failure("read " + into.byteSize() + " cached bytes at " + offset + " of " + file.path());
    }
}
