package dev.godwit.linux;

import static dev.godwit.linux.Libc.INT;
import static dev.godwit.linux.Libc.LONG;
import static dev.godwit.linux.Libc.POINTER;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.time.Duration;
import java.util.function.Consumer;

/** Reads a ring buffer map. Not thread-safe: one reader. Source: bpf/libbpf.h. */
public final class BpfRing implements AutoCloseable {
    private static final int RECORD_BYTES_MAX = 1 << 16;
    private static final MethodHandle NEW =
            Libbpf.function("ring_buffer__new", POINTER, INT, POINTER, POINTER, POINTER);
    private static final MethodHandle POLL = Libbpf.function("ring_buffer__poll", INT, POINTER, INT);
    private static final MethodHandle FREE = Libbpf.procedure("ring_buffer__free", POINTER);

    private final Arena arena = Arena.ofShared();
    private final MemorySegment ring;
    private final String name;
    private Consumer<byte[]> reader = record -> {};
    private boolean closed;

    private BpfRing(BpfMap map) throws IOException {
        this.name = map.name();
        try {
            MethodHandle take = MethodHandles.lookup()
                    .bind(
                            this,
                            "take",
                            MethodType.methodType(int.class, MemorySegment.class, MemorySegment.class, long.class));
            MemorySegment callback = Libc.callback(take, FunctionDescriptor.of(INT, POINTER, POINTER, LONG), arena);
            this.ring = Libbpf.check(
                    (MemorySegment) NEW.invokeExact(
                            Libc.errnoSegment(), map.descriptor(), callback, MemorySegment.NULL, MemorySegment.NULL),
                    "open ring " + name);
        } catch (IOException failed) {
            arena.close();
            throw failed;
        } catch (Throwable thrown) {
            arena.close();
            throw Libc.unexpected(thrown);
        }
    }

    /** Opens the ring of a map. */
    public static BpfRing open(BpfMap map) throws IOException {
        return new BpfRing(map);
    }

    /** Called by libbpf, on the thread that polls. */
    @SuppressWarnings({"unused", "restricted"
    }) // by name, from the constructor; the record's length is the kernel's word
    private int take(MemorySegment context, MemorySegment record, long bytes) {
        if (bytes >= 0 && bytes <= RECORD_BYTES_MAX) {
            reader.accept(record.reinterpret(bytes).toArray(JAVA_BYTE));
        }
        return 0;
    }

    /**
     * Gives what is in the ring to {@code consumer}, on this thread. It must not throw.
     *
     * @param wait at most this long for the first
     * @return how many records there were
     */
    public int poll(Duration wait, Consumer<byte[]> consumer) throws IOException {
        if (closed) {
            throw new IllegalStateException("ring " + name + " is closed");
        }
        reader = consumer;
        try {
            int count = (int)
                    POLL.invokeExact(Libc.errnoSegment(), ring, (int) Math.min(wait.toMillis(), Integer.MAX_VALUE));
            return count == -Errno.EINTR ? 0 : Libbpf.check(count, "read ring " + name);
        } catch (IOException failed) {
            throw failed;
        } catch (Throwable thrown) {
            throw Libc.unexpected(thrown);
        }
    }

    /** Closes the reader; what it did not read stays. A second call does nothing. */
    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        try {
            FREE.invokeExact(Libc.errnoSegment(), ring);
        } catch (Throwable thrown) {
            throw Libc.unexpected(thrown);
        }
        arena.close();
    }
}
