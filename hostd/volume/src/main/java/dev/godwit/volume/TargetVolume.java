package dev.godwit.volume;

import java.io.IOException;
import java.lang.foreign.MemorySegment;

/** A volume of a VM that is arriving, as replication fills it. */
public interface TargetVolume {
    /** What it holds. */
    VolumeKind kind();

    /** Its size in pages. */
    long pageCount();

    /** Writes pages; applied when the call returns. */
    void write(long firstPage, int count, MemorySegment from) throws IOException;

    /** Makes pages zero; applied when the call returns. A page that became zero is content. */
    void zero(long firstPage, int count) throws IOException;

    /** Makes everything applied durable where the volume is durable. */
    void flush() throws IOException;
}
