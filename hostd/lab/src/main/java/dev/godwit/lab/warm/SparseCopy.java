package dev.godwit.lab.warm;

import dev.godwit.linux.SparseFile;
import dev.godwit.volume.Pages;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.zip.CRC32C;

/** Reads the data of a file with holes, page by page, and sums it up on the way. For one thread. */
final class SparseCopy {
    /** Enough that a call's cost is its bytes. */
    private static final int STEP_BYTES = 1 << 20;

    /** Takes what was read; {@code offset} and the length are whole pages, but for the file's end. */
    interface Taker {
        void take(long offset, MemorySegment bytes) throws IOException;
    }

    private SparseCopy() {}

    /**
     * Hands all data that is not zero to {@code taker}.
     *
     * @return the check sum over the file's length and each page that is not zero with its place: equal for two files
     *     that read the same, wherever their holes are
     */
    static long read(SparseFile file, Taker taker) throws IOException {
        CRC32C sum = new CRC32C();
        long size = file.sizeBytes();
        sum.update(number(size));
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment buffer = arena.allocate(STEP_BYTES, Pages.PAGE_BYTES);
            for (long at = pageBefore(file.nextData(0)); at >= 0 && at < size; ) {
                long hole = file.nextHole(at);
                long end = Math.min(hole, at + STEP_BYTES);
                MemorySegment bytes = buffer.asSlice(0, end - at);
                file.read(at, bytes);
                takeRuns(at, bytes, sum, taker);
                at = end < hole ? end : pageBefore(file.nextData(end));
            }
        }
        return sum.getValue();
    }

    /** A file system may say that data begins within a page. */
    private static long pageBefore(long offset) {
        return offset < 0 ? offset : offset / Pages.PAGE_BYTES * Pages.PAGE_BYTES;
    }

    private static void takeRuns(long offset, MemorySegment bytes, CRC32C sum, Taker taker) throws IOException {
        long size = bytes.byteSize();
        long runStart = -1;
        for (long at = 0; at < size; at += Pages.PAGE_BYTES) {
            MemorySegment page = bytes.asSlice(at, Math.min(Pages.PAGE_BYTES, size - at));
            boolean zero = isZero(page);
            if (!zero) {
                sum.update(number(offset + at));
                sum.update(page.asByteBuffer());
            }
            if (!zero && runStart < 0) {
                runStart = at;
            } else if (zero && runStart >= 0) {
                taker.take(offset + runStart, bytes.asSlice(runStart, at - runStart));
                runStart = -1;
            }
        }
        if (runStart >= 0) {
            taker.take(offset + runStart, bytes.asSlice(runStart, size - runStart));
        }
    }

    private static boolean isZero(MemorySegment page) {
        return ZEROS.asSlice(0, page.byteSize()).mismatch(page) < 0;
    }

    private static final MemorySegment ZEROS = Arena.global().allocate(Pages.PAGE_BYTES, Pages.PAGE_BYTES);

    private static ByteBuffer number(long value) {
        return ByteBuffer.allocate(Long.BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(value)
                .flip();
    }
}
