package dev.godwit.volume;

import java.io.IOException;
import java.lang.foreign.MemorySegment;

/** A volume of a running VM, as replication reads it. */
public interface SourceVolume {
    /** What it holds. */
    VolumeKind kind();

    /** Its size in pages. */
    long pageCount();

    /** The dirty sets, one a sink. */
    DirtySets dirtySets();

    /**
     * Finds what was written since the last scan, re-arms, and ORs it into every sink's set. One scanner a volume: calls
     * are serialised by the implementation. A volume that marks at each write has nothing to do here.
     *
     * @throws IOException the kernel refused the scan
     */
    void scan() throws IOException;

    /**
     * The pages that a sink which knows nothing has to be sent: data extents of a RAM file, mapped blocks of an overlay.
     * Take it after the sink's set is open, so that no write falls between.
     */
    PageSet content() throws IOException;

    /**
     * Copies pages as they are now. Order (design §4): re-arm, then copy, then hash the copy.
     *
     * @param into at least {@code count * 4096} bytes
     */
    void read(long firstPage, int count, MemorySegment into) throws IOException;

    /** Makes everything written so far durable where the volume is durable. */
    void flush() throws IOException;
}
