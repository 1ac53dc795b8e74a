package dev.godwit.linux;

import static dev.godwit.linux.Libc.INT;
import static dev.godwit.linux.Libc.LONG;
import static dev.godwit.linux.Libc.POINTER;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;

/**
 * The user's end of a tap device: what the kernel sends to the device is read here. A VMM holds it; hostd takes a
 * duplicate. While any descriptor is open the device counts as attached, so a duplicate that is left open keeps the next
 * VMM out (EBUSY) and frames waiting for nobody.
 *
 * <p>Never changes the file's flags, which the VMM shares: it must be non-blocking already, as QEMU's is. Thread-safe
 * but for {@link #close}. Source: linux/if_tun.h, networking/tuntap.
 */
public final class Tap implements AutoCloseable {
    static final Path DEVICE = Path.of("/dev/net/tun");
    static final long TUNSETIFF = 0x400454caL;
    static final long TUNGETVNETHDRSZ = 0x800454d7L;
    static final long TUNSETVNETHDRSZ = 0x400454d8L;
    static final long TUNSETSNDBUF = 0x400454d4L;
    static final short IFF_TAP = 0x0002;
    static final short IFF_NO_PI = 0x1000;
    static final short IFF_VNET_HDR = 0x4000;
    static final int IFREQ_BYTES = 40;
    static final int IFREQ_FLAGS = 16;
    static final int NAME_BYTES_MAX = 15;

    private static final MethodHandle READ = Libc.function("read", LONG, INT, POINTER, LONG);
    private static final MethodHandle WRITE = Libc.function("write", LONG, INT, POINTER, LONG);

    private final Descriptor descriptor;
    private final String interfaceName;

    private Tap(Descriptor descriptor, String interfaceName) {
        this.descriptor = descriptor;
        this.interfaceName = interfaceName;
    }

    /**
     * Attaches to a tap device of this thread's network namespace, with {@code virtio_net_hdr} before each frame; makes
     * the device, for as long as it is open, where there is none.
     *
     * @throws LinuxException EBUSY: another holds it; EINVAL: it was made with other flags
     */
    public static Tap open(String interfaceName) throws IOException {
        byte[] name = interfaceName.getBytes(StandardCharsets.US_ASCII);
        if (name.length == 0 || name.length > NAME_BYTES_MAX) {
            throw new IllegalArgumentException(
                    "interface name " + interfaceName + " is not 1 to " + NAME_BYTES_MAX + " bytes");
        }
        Descriptor opened = Descriptor.open(DEVICE, Descriptor.O_RDWR | Descriptor.O_NONBLOCK, 0);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment request = arena.allocate(IFREQ_BYTES, 8);
            MemorySegment.copy(MemorySegment.ofArray(name), 0, request, 0, name.length);
            request.set(JAVA_SHORT, IFREQ_FLAGS, (short) (IFF_TAP | IFF_NO_PI | IFF_VNET_HDR));
            if (Libc.ioctl(opened.number(), TUNSETIFF, request) < 0) {
                throw Libc.failure("attach to the tap " + interfaceName);
            }
            return new Tap(opened, interfaceName);
        } catch (IOException | RuntimeException failed) {
            opened.close();
            throw failed;
        }
    }

    /**
     * A duplicate of a process's own end of a tap device.
     *
     * @throws IOException the process holds none of this name, or is gone, or may not be traced
     */
    public static Tap takeFrom(Pidfd process, String interfaceName) throws IOException {
        Path proc = Path.of("/proc", Long.toString(process.pid()));
        try (DirectoryStream<Path> open = Files.newDirectoryStream(proc.resolve("fd"))) {
            for (Path link : open) {
                String number = link.getFileName().toString();
                if (isTun(link) && isAttachedTo(proc.resolve("fdinfo").resolve(number), interfaceName)) {
                    return new Tap(process.take(Integer.parseInt(number)), interfaceName);
                }
            }
        }
        throw new IOException("process " + process.pid() + " holds no descriptor of the tap " + interfaceName);
    }

    private static boolean isTun(Path link) throws IOException {
        try {
            return Files.readSymbolicLink(link).equals(DEVICE);
        } catch (NoSuchFileException closedMeanwhile) {
            return false;
        }
    }

    /** From the line {@code iff: NAME}. */
    private static boolean isAttachedTo(Path fdinfo, String interfaceName) throws IOException {
        try {
            return Files.readAllLines(fdinfo).stream()
                    .anyMatch(line ->
                            line.startsWith("iff:") && line.substring(4).strip().equals(interfaceName));
        } catch (NoSuchFileException closedMeanwhile) {
            return false;
        }
    }

    /** The device's name. */
    public String interfaceName() {
        return interfaceName;
    }

    /** Bytes of the {@code virtio_net_hdr} before each frame: 10 until a driver has asked for merged buffers, then 12. */
    public int headerBytes() throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment bytes = arena.allocate(JAVA_INT);
            if (Libc.ioctl(descriptor.number(), TUNGETVNETHDRSZ, bytes) < 0) {
                throw Libc.failure("ioctl TUNGETVNETHDRSZ on the tap " + interfaceName);
            }
            return bytes.get(JAVA_INT, 0);
        }
    }

    /** Sets what {@link #headerBytes} says, for all who hold the device: 10 or 12. */
    public void setHeaderBytes(int headerBytes) throws IOException {
        if (headerBytes != 10 && headerBytes != 12) {
            throw new IllegalArgumentException("a virtio_net_hdr has 10 or 12 bytes, not " + headerBytes);
        }
        try (Arena arena = Arena.ofConfined()) {
            if (Libc.ioctl(descriptor.number(), TUNSETVNETHDRSZ, arena.allocateFrom(JAVA_INT, headerBytes)) < 0) {
                throw Libc.failure("ioctl TUNSETVNETHDRSZ " + headerBytes + " on the tap " + interfaceName);
            }
        }
    }

    /**
     * Sets how many bytes of frames that were written here may be under way, for all who hold the device: beyond it a
     * write fails with EAGAIN, and the descriptor is writable again when half of them have gone. One frame always passes.
     *
     * @param bytes of the kernel's memory, from 1
     */
    public void setSendBufferBytes(int bytes) throws IOException {
        if (bytes < 1) {
            throw new IllegalArgumentException("a send buffer of " + bytes + " bytes is below 1");
        }
        try (Arena arena = Arena.ofConfined()) {
            if (Libc.ioctl(descriptor.number(), TUNSETSNDBUF, arena.allocateFrom(JAVA_INT, bytes)) < 0) {
                throw Libc.failure("ioctl TUNSETSNDBUF " + bytes + " on the tap " + interfaceName);
            }
        }
    }

    /** Whether frames wait; blocks a platform thread for at most {@code within}. */
    public boolean hasFrames(Duration within) throws IOException {
        return Poll.readable(descriptor, within);
    }

    /**
     * Takes the oldest frame that waits, header first.
     *
     * @param into native memory of at least {@link PacketSocket#FRAME_BYTES_MAX}; a longer frame is cut
     * @return its length; -1: none waits
     */
    public int read(MemorySegment into) throws IOException {
        Libc.requireNative(into);
        while (true) {
            long got;
            try {
                got = (long) READ.invokeExact(Libc.errnoSegment(), descriptor.number(), into, into.byteSize());
            } catch (Throwable thrown) {
                throw Libc.unexpected(thrown);
            }
            if (got >= 0) {
                return Math.toIntExact(got);
            }
            if (Libc.errno() == Errno.EAGAIN) {
                return -1;
            }
            if (Libc.errno() != Errno.EINTR) {
                throw Libc.failure("read a frame of the tap " + interfaceName);
            }
        }
    }

    /** Sends a frame from the user's end, header first, as a guest does. */
    public void write(MemorySegment frame) throws IOException {
        Libc.requireNative(frame);
        long written;
        do {
            try {
                written = (long) WRITE.invokeExact(Libc.errnoSegment(), descriptor.number(), frame, frame.byteSize());
            } catch (Throwable thrown) {
                throw Libc.unexpected(thrown);
            }
        } while (written < 0 && Libc.errno() == Errno.EINTR);
        if (written < 0) {
            throw Libc.failure("write a frame of " + frame.byteSize() + " bytes to the tap " + interfaceName);
        }
    }

    @Override
    public void close() {
        descriptor.close();
    }
}
