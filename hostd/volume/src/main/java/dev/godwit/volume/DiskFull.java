package dev.godwit.volume;

import java.io.IOException;
import java.nio.file.Path;

/**
 * The host's disk has no room for a write to a volume. The volume stays consistent: nothing that was acknowledged is
 * lost, and writes succeed again when there is room.
 */
public final class DiskFull extends IOException {
    private static final long serialVersionUID = 1L;

    private final long neededBytes;
    private final long freeBytes;

    /**
     * @param path the file that could not grow
     * @param neededBytes what the request asked for
     * @param freeBytes what the file system had left when it refused
     */
    public DiskFull(Path path, long neededBytes, long freeBytes, IOException cause) {
        super(
                "write " + neededBytes + " bytes to " + path + ": no space left, " + freeBytes
                        + " bytes are free. Free some space on this file system; the volume goes on where it was.",
                cause);
        this.neededBytes = neededBytes;
        this.freeBytes = freeBytes;
    }

    /** What the refused request asked for, in bytes. */
    public long neededBytes() {
        return neededBytes;
    }

    /** What the file system had left, in bytes. */
    public long freeBytes() {
        return freeBytes;
    }
}
