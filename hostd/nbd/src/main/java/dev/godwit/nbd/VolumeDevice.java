package dev.godwit.nbd;

import dev.godwit.volume.DiskVolume;
import dev.godwit.volume.Extent;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** A disk volume as an NBD export serves it. Thread-safe as the volume is. */
public final class VolumeDevice implements BlockDevice {
    private final DiskVolume volume;

    /** Serves {@code volume}, which stays its owner's to close. */
    public VolumeDevice(DiskVolume volume) {
        this.volume = volume;
    }

    @Override
    public long sizeBytes() {
        return volume.sizeBytes();
    }

    @Override
    public void read(long offset, MemorySegment into) throws IOException {
        volume.read(offset, into);
    }

    @Override
    public boolean readNow(long offset, MemorySegment into) throws IOException {
        return volume.readNow(offset, into);
    }

    @Override
    public void willNeed(long offset, long lengthBytes) throws IOException {
        volume.willNeed(offset, lengthBytes);
    }

    @Override
    public void write(long offset, MemorySegment from, boolean durable) throws IOException {
        volume.write(offset, from);
        if (durable) {
            volume.flush();
        }
    }

    @Override
    public void flush() throws IOException {
        volume.flush();
    }

    @Override
    public void trim(long offset, long lengthBytes) throws IOException {
        volume.zero(offset, lengthBytes, false);
    }

    @Override
    public void zero(long offset, long lengthBytes, boolean keepSpace) throws IOException {
        volume.zero(offset, lengthBytes, keepSpace);
    }

    @Override
    public List<Extent> allocation(long offset, long lengthBytes, int extentsMax) throws IOException {
        return volume.allocation(offset, lengthBytes, extentsMax);
    }
}
