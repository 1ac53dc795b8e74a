package dev.godwit.linux;

import static dev.godwit.linux.Libc.INT;
import static dev.godwit.linux.Libc.LONG;
import static dev.godwit.linux.Libc.POINTER;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;

/**
 * A file with holes: what the JDK's channels can't do to it. Reads and writes here go by {@code pread} and
 * {@code pwrite}, so that reading a hole allocates nothing.
 *
 * <p>Calls block the thread (and its carrier, for a virtual one). Thread-safe but for {@link #close}. Source:
 * fallocate(2), lseek(2), pread(2), posix_fadvise(2).
 */
public final class SparseFile implements AutoCloseable {
    static final int SEEK_DATA = 3;
    static final int SEEK_HOLE = 4;
    static final int FALLOC_FL_KEEP_SIZE = 1;
    static final int FALLOC_FL_PUNCH_HOLE = 2;
    static final int FALLOC_FL_ZERO_RANGE = 16;
    static final int POSIX_FADV_WILLNEED = 3;
    static final int STAT_BYTES = 144;
    static final int STAT_SIZE = 48;
    static final int STAT_BLOCKS = 64;
    /** The unit of {@code st_blocks}, whatever the file system's block is. */
    private static final int STAT_BLOCK_BYTES = 512;

    private static final MethodHandle LSEEK = Libc.function("lseek", LONG, INT, LONG, INT);
    private static final MethodHandle FALLOCATE = Libc.function("fallocate", INT, INT, INT, LONG, LONG);
    private static final MethodHandle FTRUNCATE = Libc.function("ftruncate", INT, INT, LONG);
    private static final MethodHandle FDATASYNC = Libc.function("fdatasync", INT, INT);
    private static final MethodHandle FADVISE = Libc.function("posix_fadvise", INT, INT, LONG, LONG, INT);
    private static final MethodHandle FSTAT = Libc.function("fstat", INT, INT, POINTER);
    private static final MethodHandle PREAD = Libc.function("pread", LONG, INT, POINTER, LONG, LONG);
    private static final MethodHandle PWRITE = Libc.function("pwrite", LONG, INT, POINTER, LONG, LONG);

    private final Path path;
    private final Descriptor descriptor;

    private SparseFile(Path path, Descriptor descriptor) {
        this.path = path;
        this.descriptor = descriptor;
    }

    /** Opens a file that exists, to read and write it. */
    public static SparseFile open(Path path) throws IOException {
        return new SparseFile(path, Descriptor.open(path, Descriptor.O_RDWR, 0));
    }

    /** Opens a file that exists, to read it. */
    public static SparseFile openReadOnly(Path path) throws IOException {
        return new SparseFile(path, Descriptor.open(path, Descriptor.O_RDONLY, 0));
    }

    /**
     * Makes a file of one hole, mode 0600.
     *
     * @throws LinuxException EEXIST: there is one already
     */
    public static SparseFile create(Path path, long sizeBytes) throws IOException {
        Descriptor made = Descriptor.open(path, Descriptor.O_RDWR | Descriptor.O_CREAT | Descriptor.O_EXCL, 0600);
        SparseFile file = new SparseFile(path, made);
        try {
            file.resize(sizeBytes);
            return file;
        } catch (IOException | RuntimeException failed) {
            file.close();
            throw failed;
        }
    }

    /** Where it was opened. */
    public Path path() {
        return path;
    }

    /** Its descriptor, which stays this object's. */
    public Descriptor descriptor() {
        return descriptor;
    }

    /** Its length in bytes, holes included. */
    public long sizeBytes() throws IOException {
        return stat(STAT_SIZE);
    }

    /** The bytes that it takes on the medium. */
    public long allocatedBytes() throws IOException {
        return stat(STAT_BLOCKS) * STAT_BLOCK_BYTES;
    }

    /** Sets its length; what is added is a hole. */
    public void resize(long sizeBytes) throws IOException {
        int result;
        do {
            try {
                result = (int) FTRUNCATE.invokeExact(Libc.errnoSegment(), descriptor.number(), sizeBytes);
            } catch (Throwable thrown) {
                throw Libc.unexpected(thrown);
            }
        } while (result < 0 && Libc.errno() == Errno.EINTR);
        if (result < 0) {
            throw Libc.failure("set the length of " + path + " to " + sizeBytes + " bytes");
        }
    }

    /** The first byte at or after {@code offset} that is data, or -1 when only a hole follows. */
    public long nextData(long offset) throws IOException {
        return seek(offset, SEEK_DATA, "SEEK_DATA");
    }

    /** The first byte at or after {@code offset} that is in a hole (the end of the file is one), or -1 past the end. */
    public long nextHole(long offset) throws IOException {
        return seek(offset, SEEK_HOLE, "SEEK_HOLE");
    }

    /** Makes a range read as zeros and gives its space back; the length of the file stays. */
    public void punchHole(long offset, long lengthBytes) throws IOException {
        fallocate(FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, lengthBytes, "punch a hole");
    }

    /**
     * Makes a range read as zeros and keeps its space reserved; the length of the file stays. A file system without
     * FALLOC_FL_ZERO_RANGE (tmpfs) gets a hole that is allocated again.
     */
    public void zeroRange(long offset, long lengthBytes) throws IOException {
        try {
            fallocate(FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE, offset, lengthBytes, "zero a range");
        } catch (LinuxException failed) {
            if (failed.errno() != Errno.EOPNOTSUPP) {
                throw failed;
            }
            punchHole(offset, lengthBytes);
            allocate(offset, lengthBytes);
        }
    }

    /** Reserves space for a range, its content unchanged; the length of the file stays. */
    public void allocate(long offset, long lengthBytes) throws IOException {
        fallocate(FALLOC_FL_KEEP_SIZE, offset, lengthBytes, "allocate");
    }

    /** Returns when all data is on the medium, and the metadata that is needed to read it. */
    public void fdatasync() throws IOException {
        int result;
        try {
            result = (int) FDATASYNC.invokeExact(Libc.errnoSegment(), descriptor.number());
        } catch (Throwable thrown) {
            throw Libc.unexpected(thrown);
        }
        if (result < 0) {
            throw Libc.failure("fdatasync " + path);
        }
    }

    /** Asks the medium for a range that will be read soon, and does not wait for it. */
    public void willNeed(long offset, long lengthBytes) throws IOException {
        int errno;
        try {
            errno = (int) FADVISE.invokeExact(
                    Libc.errnoSegment(), descriptor.number(), offset, lengthBytes, POSIX_FADV_WILLNEED);
        } catch (Throwable thrown) {
            throw Libc.unexpected(thrown);
        }
        if (errno != 0) {
            throw new LinuxException("read ahead " + range(offset, lengthBytes), errno);
        }
    }

    /**
     * Fills {@code into} (native memory) from {@code offset} on. A hole reads as zeros and stays a hole.
     *
     * @throws IOException the file ends before {@code into} is full
     */
    public void read(long offset, MemorySegment into) throws IOException {
        transfer(PREAD, "read", offset, into);
    }

    /** Writes all of {@code from} (native memory) at {@code offset}. */
    public void write(long offset, MemorySegment from) throws IOException {
        transfer(PWRITE, "write", offset, from);
    }

    private void transfer(MethodHandle call, String verb, long offset, MemorySegment memory) throws IOException {
        long done = 0;
        while (done < memory.byteSize()) {
            long moved;
            try {
                moved = (long) call.invokeExact(
                        Libc.errnoSegment(),
                        descriptor.number(),
                        memory.asSlice(done),
                        memory.byteSize() - done,
                        offset + done);
            } catch (Throwable thrown) {
                throw Libc.unexpected(thrown);
            }
            if (moved < 0 && Libc.errno() == Errno.EINTR) {
                continue;
            }
            if (moved < 0) {
                throw Libc.failure(verb + " " + range(offset + done, memory.byteSize() - done));
            }
            if (moved == 0) {
                throw new IOException(verb + " " + range(offset, memory.byteSize()) + ": only " + done
                        + " bytes were there; the file is " + sizeBytes() + " bytes long");
            }
            done += moved;
        }
    }

    private long seek(long offset, int whence, String name) throws IOException {
        long found;
        try {
            found = (long) LSEEK.invokeExact(Libc.errnoSegment(), descriptor.number(), offset, whence);
        } catch (Throwable thrown) {
            throw Libc.unexpected(thrown);
        }
        if (found < 0 && Libc.errno() == Errno.ENXIO) {
            return -1;
        }
        if (found < 0) {
            throw Libc.failure("lseek " + name + " in " + path + " from " + offset);
        }
        return found;
    }

    private void fallocate(int mode, long offset, long lengthBytes, String verb) throws IOException {
        int result;
        do {
            try {
                result = (int)
                        FALLOCATE.invokeExact(Libc.errnoSegment(), descriptor.number(), mode, offset, lengthBytes);
            } catch (Throwable thrown) {
                throw Libc.unexpected(thrown);
            }
        } while (result < 0 && Libc.errno() == Errno.EINTR);
        if (result < 0) {
            throw Libc.failure(verb + ", " + range(offset, lengthBytes));
        }
    }

    private long stat(int field) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            return stat(descriptor, arena).get(JAVA_LONG, field);
        }
    }

    /** A {@code struct stat} of an open file. */
    static MemorySegment stat(Descriptor file, Arena arena) throws IOException {
        MemorySegment stat = arena.allocate(STAT_BYTES, 8);
        int result;
        try {
            result = (int) FSTAT.invokeExact(Libc.errnoSegment(), file.number(), stat);
        } catch (Throwable thrown) {
            throw Libc.unexpected(thrown);
        }
        if (result < 0) {
            throw Libc.failure("fstat " + file.what());
        }
        return stat;
    }

    private String range(long offset, long lengthBytes) {
        return lengthBytes + " bytes at " + offset + " of " + path;
    }

    /** Closes the file; a second call does nothing. */
    @Override
    public void close() {
        descriptor.close();
    }
}
