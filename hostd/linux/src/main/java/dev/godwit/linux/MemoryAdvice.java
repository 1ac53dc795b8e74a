package dev.godwit.linux;

import static dev.godwit.linux.Libc.INT;
import static dev.godwit.linux.Libc.LONG;
import static dev.godwit.linux.Libc.POINTER;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/** Advice to the kernel about mapped memory. Thread-safe. Source: madvise(2). */
public final class MemoryAdvice {
    static final int MADV_DONTNEED = 4;

    private static final MethodHandle MADVISE = Libc.function("madvise", INT, POINTER, LONG, INT);

    private MemoryAdvice() {}

    /** Drops this process's page-table entries of whole pages; a shared file keeps its content. */
    public static void drop(MemorySegment pages) throws IOException {
        int result;
        try {
            result = (int) MADVISE.invokeExact(Libc.errnoSegment(), pages, pages.byteSize(), MADV_DONTNEED);
        } catch (Throwable thrown) {
            throw Libc.unexpected(thrown);
        }
        if (result < 0) {
            throw Libc.failure("madvise MADV_DONTNEED on " + pages.byteSize() + " bytes");
        }
    }
}
