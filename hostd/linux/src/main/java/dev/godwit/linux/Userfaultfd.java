package dev.godwit.linux;

import static dev.godwit.linux.Libc.INT;
import static dev.godwit.linux.Libc.LONG;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/**
 * A userfaultfd: it belongs to the address space of the process that made it, and acts on that one whoever holds it. All
 * addresses here are the maker's.
 *
 * <p>Thread-safe but for {@link #close}. Source: linux/userfaultfd.h, admin-guide/mm/userfaultfd.
 */
public final class Userfaultfd implements AutoCloseable {
    /** Missing pages of shared memory can be caught. */
    public static final long FEATURE_MISSING_SHMEM = 1L << 5;
    /** A page that is not there yet can be write-protected. */
    public static final long FEATURE_WP_UNPOPULATED = 1L << 13;
    /** The kernel lifts the protection at the first write by itself and remembers it (Linux 6.7). */
    public static final long FEATURE_WP_ASYNC = 1L << 15;
    /** Catch the first touch of a page. */
    public static final long REGISTER_MISSING = 1;
    /** Catch writes to protected pages. */
    public static final long REGISTER_WRITE_PROTECT = 2;
    /** What the link in {@code /proc/PID/fd} says of a userfaultfd. */
    public static final String LINK = "anon_inode:[userfaultfd]";

    static final Path DEVICE = Path.of("/dev/userfaultfd");
    static final long SYS_USERFAULTFD = 323;
    static final long IOC_NEW = 0xAA00;
    static final long API = 0xAA;
    static final long IOC_API = 0xC018AA3FL;
    static final long IOC_REGISTER = 0xC020AA00L;
    static final long IOC_WAKE = 0x8010AA02L;
    static final long IOC_COPY = 0xC028AA03L;
    static final long IOC_WRITE_PROTECT = 0xC018AA06L;
    static final long COPY_MODE_WP = 2;
    static final long WRITE_PROTECT_MODE_WP = 1;
    static final int API_BYTES = 24;
    static final int API_FEATURES = 8;
    static final int REGISTER_BYTES = 32;
    static final int REGISTER_MODE = 16;
    static final int RANGE_BYTES = 16;
    static final int COPY_BYTES = 40;
    static final int COPY_SOURCE = 8;
    static final int COPY_LENGTH = 16;
    static final int COPY_MODE = 24;
    static final int COPY_COPIED = 32;
    static final int WRITE_PROTECT_BYTES = 24;
    static final int WRITE_PROTECT_MODE = 16;

    private static final MethodHandle SYSCALL = Libc.variadic("syscall", 1, LONG, LONG, INT);

    private final Descriptor descriptor;

    /** Wraps a descriptor, which is this object's from now on. */
    public Userfaultfd(Descriptor descriptor) {
        this.descriptor = descriptor;
    }

    /**
     * Makes one for this process and agrees on features.
     *
     * @throws LinuxException EPERM: no rights to {@code /dev/userfaultfd} nor to the system call; EINVAL: the kernel
     *     lacks one of the features
     */
    public static Userfaultfd create(long features) throws IOException {
        Userfaultfd made = new Userfaultfd(Files.isWritable(DEVICE) ? byDevice() : bySystemCall());
        try {
            made.agree(features);
            return made;
        } catch (IOException | RuntimeException failed) {
            made.close();
            throw failed;
        }
    }

    /** The features that this kernel knows. */
    public static long features() throws IOException {
        try (Userfaultfd probe = new Userfaultfd(Files.isWritable(DEVICE) ? byDevice() : bySystemCall())) {
            return probe.agree(0);
        }
    }

    /**
     * Takes a duplicate of a process's own userfaultfd, found by its link in {@code /proc/PID/fd}.
     *
     * @param features that it must have been made with; a process may hold others for its own ends
     * @throws IOException the process holds none with them, or is gone, or may not be traced
     */
    public static Userfaultfd takeFrom(Pidfd process, long features) throws IOException {
        Path proc = Path.of("/proc", Long.toString(process.pid()));
        try (DirectoryStream<Path> open = Files.newDirectoryStream(proc.resolve("fd"))) {
            for (Path link : open) {
                String number = link.getFileName().toString();
                if (isUserfaultfd(link)
                        && (featuresOf(proc.resolve("fdinfo").resolve(number)) & features) == features) {
                    return new Userfaultfd(process.take(Integer.parseInt(number)));
                }
            }
        }
        throw new IOException("process " + process.pid() + " holds no userfaultfd with features 0x"
                + Long.toHexString(features) + " among its descriptors");
    }

    private static boolean isUserfaultfd(Path link) throws IOException {
        try {
            return Files.readSymbolicLink(link).toString().equals(LINK);
        } catch (NoSuchFileException closedMeanwhile) {
            return false;
        }
    }

    /** From the line {@code API: aa:FEATURES:IOCTLS}, in hexadecimal; a descriptor that is closed meanwhile has none. */
    private static long featuresOf(Path fdinfo) throws IOException {
        try {
            for (String line : Files.readAllLines(fdinfo)) {
                if (line.startsWith("API:")) {
                    return Long.parseUnsignedLong(line.substring(4).strip().split(":", 3)[1], 16);
                }
            }
            return 0;
        } catch (NoSuchFileException closedMeanwhile) {
            return 0;
        }
    }

    private static Descriptor byDevice() throws LinuxException {
        try (Descriptor device = Descriptor.open(DEVICE, Descriptor.O_RDWR, 0)) {
            long flags = Descriptor.O_CLOEXEC | Descriptor.O_NONBLOCK;
            int made = Libc.ioctl(device.number(), IOC_NEW, flags);
            if (made < 0) {
                throw Libc.failure("ioctl USERFAULTFD_IOC_NEW on " + DEVICE);
            }
            return new Descriptor(made, LINK);
        }
    }

    private static Descriptor bySystemCall() throws LinuxException {
        long made;
        try {
            made = (long) SYSCALL.invokeExact(
                    Libc.errnoSegment(), SYS_USERFAULTFD, Descriptor.O_CLOEXEC | Descriptor.O_NONBLOCK);
        } catch (Throwable thrown) {
            throw Libc.unexpected(thrown);
        }
        if (made < 0) {
            throw Libc.failure("userfaultfd");
        }
        return new Descriptor((int) made, LINK);
    }

    private long agree(long features) throws LinuxException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment api = arena.allocate(API_BYTES, 8);
            api.set(JAVA_LONG, 0, API);
            api.set(JAVA_LONG, API_FEATURES, features);
            ioctl(IOC_API, api, "UFFDIO_API with features 0x" + Long.toHexString(features));
            return api.get(JAVA_LONG, API_FEATURES);
        }
    }

    /**
     * Registers a range.
     *
     * @param modes {@link #REGISTER_MISSING}, {@link #REGISTER_WRITE_PROTECT} or both
     */
    public void register(long address, long lengthBytes, long modes) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment register = arena.allocate(REGISTER_BYTES, 8);
            range(register, address, lengthBytes);
            register.set(JAVA_LONG, REGISTER_MODE, modes);
            ioctl(IOC_REGISTER, register, at("UFFDIO_REGISTER mode " + modes, address, lengthBytes));
        }
    }

    /**
     * Write-protects every page of a registered range, those that are not there yet too.
     *
     * @throws LinuxException ENOENT: the range is not registered
     */
    public void writeProtect(long address, long lengthBytes) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment protect = arena.allocate(WRITE_PROTECT_BYTES, 8);
            range(protect, address, lengthBytes);
            protect.set(JAVA_LONG, WRITE_PROTECT_MODE, WRITE_PROTECT_MODE_WP);
            ioctl(IOC_WRITE_PROTECT, protect, at("UFFDIO_WRITEPROTECT", address, lengthBytes));
        }
    }

    /**
     * Fills missing pages, write-protected, and wakes who waits for them.
     *
     * @param from whole pages in this process
     * @throws LinuxException EEXIST: a page is there already and was not overwritten
     */
    public void copy(long address, MemorySegment from) throws IOException {
        Libc.requireNative(from);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment copy = arena.allocate(COPY_BYTES, 8);
            long done = 0;
            while (done < from.byteSize()) {
                copy.set(JAVA_LONG, 0, address + done);
                copy.set(JAVA_LONG, COPY_SOURCE, from.address() + done);
                copy.set(JAVA_LONG, COPY_LENGTH, from.byteSize() - done);
                copy.set(JAVA_LONG, COPY_MODE, COPY_MODE_WP);
                copy.set(JAVA_LONG, COPY_COPIED, 0);
                int result = Libc.ioctl(descriptor.number(), IOC_COPY, copy);
                long copied = copy.get(JAVA_LONG, COPY_COPIED);
                if (result < 0 && (Libc.errno() != Errno.EAGAIN || copied <= 0)) {
                    throw Libc.failure(at("UFFDIO_COPY", address + done, from.byteSize() - done));
                }
                done += copied;
            }
        }
    }

    /** Makes every thread that waits for a page of the range try again. */
    public void wake(long address, long lengthBytes) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment range = arena.allocate(RANGE_BYTES, 8);
            range(range, address, lengthBytes);
            ioctl(IOC_WAKE, range, at("UFFDIO_WAKE", address, lengthBytes));
        }
    }

    private static void range(MemorySegment struct, long address, long lengthBytes) {
        struct.set(JAVA_LONG, 0, address);
        struct.set(JAVA_LONG, 8, lengthBytes);
    }

    private void ioctl(long request, MemorySegment argument, String attempt) throws LinuxException {
        if (Libc.ioctl(descriptor.number(), request, argument) < 0) {
            throw Libc.failure("ioctl " + attempt);
        }
    }

    private static String at(String attempt, long address, long lengthBytes) {
        return attempt + " on " + lengthBytes + " bytes at 0x" + Long.toHexString(address);
    }

    /** Closes this process's descriptor; the registration lives while another is open. A second call does nothing. */
    @Override
    public void close() {
        descriptor.close();
    }
}
