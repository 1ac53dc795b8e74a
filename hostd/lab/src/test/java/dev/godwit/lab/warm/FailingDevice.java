package dev.godwit.lab.warm;

import dev.godwit.nbd.BlockDevice;
import dev.godwit.volume.Extent;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** A disk that fails while a test wants it to. Thread-safe. */
final class FailingDevice implements BlockDevice {
    private final BlockDevice below;
    private volatile boolean failing;

    FailingDevice(BlockDevice below) {
        this.below = below;
    }

    void fail(boolean wanted) {
        failing = wanted;
    }

    private void requireSound() throws IOException {
        if (failing) {
            throw new IOException("the test lets this disk fail");
        }
    }

    @Override
    public long sizeBytes() {
        return below.sizeBytes();
    }

    @Override
    public void read(long offset, MemorySegment into) throws IOException {
        requireSound();
        below.read(offset, into);
    }

    @Override
    public boolean readNow(long offset, MemorySegment into) throws IOException {
        requireSound();
        return below.readNow(offset, into);
    }

    @Override
    public void willNeed(long offset, long lengthBytes) throws IOException {
        below.willNeed(offset, lengthBytes);
    }

    @Override
    public void write(long offset, MemorySegment from, boolean durable) throws IOException {
        requireSound();
        below.write(offset, from, durable);
    }

    @Override
    public void flush() throws IOException {
        requireSound();
        below.flush();
    }

    @Override
    public void trim(long offset, long lengthBytes) throws IOException {
        requireSound();
        below.trim(offset, lengthBytes);
    }

    @Override
    public void zero(long offset, long lengthBytes, boolean keepSpace) throws IOException {
        requireSound();
        below.zero(offset, lengthBytes, keepSpace);
    }

    @Override
    public List<Extent> allocation(long offset, long lengthBytes, int extentsMax) throws IOException {
        return below.allocation(offset, lengthBytes, extentsMax);
    }
}
