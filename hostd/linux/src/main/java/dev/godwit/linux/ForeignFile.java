package dev.godwit.linux;

import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Reading a file in a folder that an untrusted user can write, with more rights than that user has: never another file
 * through a link, and never waiting for the other end of a pipe. Source: open(2), inode(7).
 */
public final class ForeignFile {
    static final int STAT_LINKS = 16;
    static final int STAT_MODE = 24;
    static final int S_IFMT = 0xF000;
    static final int S_IFREG = 0x8000;

    private ForeignFile() {}

    /**
     * Opens a regular file that has no other name. The folders above it must be out of that user's reach.
     *
     * @throws LinuxException ELOOP: it is a symbolic link; ENOENT: there is none
     * @throws IOException it is no regular file, or a hard link to one that may lie elsewhere
     */
    public static InputStream open(Path path) throws IOException {
        int flags = Descriptor.O_RDONLY | Descriptor.O_NOFOLLOW | Descriptor.O_NONBLOCK;
        try (Descriptor opened = Descriptor.open(path, flags, 0);
                Arena arena = Arena.ofConfined()) {
            MemorySegment stat = SparseFile.stat(opened, arena);
            int mode = stat.get(ValueLayout.JAVA_INT, STAT_MODE);
            if ((mode & S_IFMT) != S_IFREG) {
                throw new IOException(path + " is no regular file (mode 0" + Integer.toOctalString(mode)
                        + "): somebody has put something else in its place");
            }
            long names = stat.get(ValueLayout.JAVA_LONG, STAT_LINKS);
            if (names > 1) {
                throw new IOException(path + " has " + names + " names: it may be a file from elsewhere");
            }
            // The descriptor's own file, whatever its name means by now.
            return Files.newInputStream(Path.of("/proc/self/fd", Integer.toString(opened.number())));
        }
    }
}
