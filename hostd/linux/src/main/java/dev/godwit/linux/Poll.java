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
import java.time.Duration;

/** Waits until a descriptor has something to read. Source: poll(2). */
final class Poll {
    static final short POLLIN = 1;
    static final int POLLFD_BYTES = 8;
    static final int POLLFD_EVENTS = 4;

    private static final MethodHandle POLL = Libc.function("poll", INT, POINTER, LONG, INT);

    private Poll() {}

    /** Blocks a platform thread until a read would not; false: still nothing after {@code within} (zero: only looks). */
    static boolean readable(Descriptor descriptor, Duration within) throws IOException {
        long deadline = System.nanoTime() + within.toNanos();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment pollfd = arena.allocate(POLLFD_BYTES, 4);
            pollfd.set(JAVA_INT, 0, descriptor.number());
            pollfd.set(JAVA_SHORT, POLLFD_EVENTS, POLLIN);
            while (true) {
                long leftMillis = Math.max(
                        0, Duration.ofNanos(deadline - System.nanoTime()).toMillis());
                int ready;
                try {
                    ready = (int) POLL.invokeExact(
                            Libc.errnoSegment(), pollfd, 1L, (int) Math.min(leftMillis, Integer.MAX_VALUE));
                } catch (Throwable thrown) {
                    throw Libc.unexpected(thrown);
                }
                if (ready >= 0) {
                    return ready > 0;
                }
                if (Libc.errno() != Errno.EINTR) {
                    throw Libc.failure("poll " + descriptor.what());
                }
            }
        }
    }
}
