package dev.godwit.volume;

import dev.godwit.linux.CachedRead;
import dev.godwit.linux.SparseFile;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;

/**
 * A file that a layer of a disk lies in.
 *
 * @param file the file
 * @param inMemory whether its file system has no medium to wait for
 */
record LayerFile(SparseFile file, boolean inMemory) {
    static LayerFile of(SparseFile file) throws IOException {
        return new LayerFile(file, Files.getFileStore(file.path()).type().equals("tmpfs"));
    }

    /** Asks the medium for a range, where there is one. */
    void willNeed(long offset, long lengthBytes) throws IOException {
        if (!inMemory) {
            file.willNeed(offset, lengthBytes);
        }
    }

    /** Fills {@code into} if that needs no wait for the medium; else it may hold a part. */
    boolean readNow(long offset, MemorySegment into) throws IOException {
        if (inMemory) {
            file.read(offset, into);
            return true;
        }
        return CachedRead.read(file, offset, into);
    }
}
