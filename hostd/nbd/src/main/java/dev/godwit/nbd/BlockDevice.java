package dev.godwit.nbd;

import dev.godwit.volume.Extent;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * What an export serves. All ranges lie inside the device; memory is native.
 *
 * <p>Implementations are thread-safe: requests of one or more clients run at once. A {@link
 * dev.godwit.volume.DiskFull} becomes ENOSPC, any other {@link IOException} EIO.
 */
public interface BlockDevice {
    /** Its fixed size in bytes. */
    long sizeBytes();

    /** Fills {@code into} from {@code offset} on. */
    void read(long offset, MemorySegment into) throws IOException;

    /**
     * Fills {@code into} if that needs no wait for the medium; the server's reader then does it itself.
     *
     * @return false when it would wait; {@code into} may hold a part then
     */
    boolean readNow(long offset, MemorySegment into) throws IOException;

    /** Asks the medium for a range that a {@link #read} will follow for, and does not wait for it. */
    void willNeed(long offset, long lengthBytes) throws IOException;

    /**
     * Writes {@code from} at {@code offset}.
     *
     * @param durable whether it must be on the medium when the call returns (FUA)
     */
    void write(long offset, MemorySegment from, boolean durable) throws IOException;

    /** Returns when every write that returned before the call is on the medium. */
    void flush() throws IOException;

    /** Gives a range's space back; it reads as zeros. */
    void trim(long offset, long lengthBytes) throws IOException;

    /** Makes a range zero; with {@code keepSpace} a later write to it can't find the medium full. */
    void zero(long offset, long lengthBytes, boolean keepSpace) throws IOException;

    /** Extents that cover the range's start and at most all of it; at least one, at most {@code extentsMax}. */
    List<Extent> allocation(long offset, long lengthBytes, int extentsMax) throws IOException;
}
