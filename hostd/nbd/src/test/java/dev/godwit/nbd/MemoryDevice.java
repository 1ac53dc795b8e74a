package dev.godwit.nbd;

import dev.godwit.volume.Extent;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** A device that counts, and fails or waits when told to. */
class MemoryDevice implements BlockDevice {
    final AtomicInteger reads = new AtomicInteger();
    final AtomicInteger writes = new AtomicInteger();
    final AtomicInteger flushes = new AtomicInteger();
    /** Writes that had landed when the last flush began. */
    final AtomicLong flushed = new AtomicLong();

    volatile @Nullable IOException failure;
    private final MemorySegment content;

    MemoryDevice(long sizeBytes) {
        content = Arena.ofAuto().allocate(sizeBytes, 4096);
    }

    @Override
    public long sizeBytes() {
        return content.byteSize();
    }

    @Override
    public void read(long offset, MemorySegment into) throws IOException {
        reads.incrementAndGet();
        failWhenTold();
        MemorySegment.copy(content, offset, into, 0, into.byteSize());
    }

    @Override
    public boolean readNow(long offset, MemorySegment into) throws IOException {
        read(offset, into);
        return true;
    }

    @Override
    public void willNeed(long offset, long lengthBytes) {}

    @Override
    public void write(long offset, MemorySegment from, boolean durable) throws IOException {
        failWhenTold();
        MemorySegment.copy(from, 0, content, offset, from.byteSize());
        writes.incrementAndGet();
        if (durable) {
            flush();
        }
    }

    @Override
    public void flush() throws IOException {
        flushed.set(writes.get());
        failWhenTold();
        flushes.incrementAndGet();
    }

    @Override
    public void trim(long offset, long lengthBytes) throws IOException {
        zero(offset, lengthBytes, false);
    }

    @Override
    public void zero(long offset, long lengthBytes, boolean keepSpace) throws IOException {
        failWhenTold();
        content.asSlice(offset, lengthBytes).fill((byte) 0);
        writes.incrementAndGet();
    }

    @Override
    public List<Extent> allocation(long offset, long lengthBytes, int extentsMax) {
        return List.of(new Extent(offset, lengthBytes, false));
    }

    private void failWhenTold() throws IOException {
        IOException told = failure;
        if (told != null) {
            throw told;
        }
    }
}
