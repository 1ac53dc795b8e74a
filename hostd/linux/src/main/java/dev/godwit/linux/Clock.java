package dev.godwit.linux;

import static dev.godwit.linux.Libc.INT;
import static dev.godwit.linux.Libc.POINTER;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/**
 * The kernel's clocks that never jump. Values of one boot can be compared between processes and network or PID
 * namespaces, which {@link System#nanoTime} does not promise. Thread-safe. Source: clock_gettime(2).
 */
public enum Clock {
    /** Stands still while the machine is suspended. */
    MONOTONIC(1),
    /** Goes on while the machine is suspended: what a lease is measured with. */
    BOOTTIME(7);

    static final int TIMESPEC_BYTES = 16;
    static final int TIMESPEC_NANOS = 8;
    private static final long NANOS_PER_SECOND = 1_000_000_000L;
    private static final MethodHandle CLOCK_GETTIME = Libc.function("clock_gettime", INT, INT, POINTER);

    final int id;

    Clock(int id) {
        this.id = id;
    }

    /** Nanoseconds since the machine started. */
    public long nanos() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment timespec = arena.allocate(TIMESPEC_BYTES, 8);
            int result = (int) CLOCK_GETTIME.invokeExact(Libc.errnoSegment(), id, timespec);
            if (result < 0) {
                throw new IllegalStateException("this kernel has no clock " + this, Libc.failure("clock_gettime"));
            }
            return timespec.get(JAVA_LONG, 0) * NANOS_PER_SECOND + timespec.get(JAVA_LONG, TIMESPEC_NANOS);
        } catch (RuntimeException failed) {
            throw failed;
        } catch (Throwable thrown) {
            throw Libc.unexpected(thrown);
        }
    }
}
