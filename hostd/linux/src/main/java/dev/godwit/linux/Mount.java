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

/** Mounts, and what is free on them. Thread-safe. Source: mount(2), umount2(2), statfs(2). */
public final class Mount {
    static final long MS_NOSUID = 2;
    static final long MS_NODEV = 4;
    static final long MS_NOEXEC = 8;
    static final int MNT_DETACH = 2;
    static final long TMPFS_MAGIC = 0x01021994;
    static final long BPF_FS_MAGIC = 0xcafe4a11L;
    static final int STATFS_BYTES = 120;
    static final int STATFS_BLOCK_BYTES = 8;
    static final int STATFS_AVAILABLE = 32;

    private static final MethodHandle MOUNT = Libc.function("mount", INT, POINTER, POINTER, POINTER, LONG, POINTER);
    private static final MethodHandle UMOUNT = Libc.function("umount2", INT, POINTER, INT);
    private static final MethodHandle STATFS = Libc.function("statfs", INT, POINTER, POINTER);

    private Mount() {}

    /**
     * Mounts a new tmpfs (nosuid, nodev, noexec).
     *
     * @param sizeBytes its limit; space is taken only when it is written
     * @param mode of its root folder, for example 0711 in octal
     */
    public static void tmpfs(Path on, long sizeBytes, int mode) throws IOException {
        if (sizeBytes <= 0) {
            throw new IllegalArgumentException("tmpfs size " + sizeBytes + " bytes is not positive");
        }
        mount("tmpfs", on, "size=" + sizeBytes + ",mode=" + Integer.toOctalString(mode));
    }

    /** Mounts a new BPF file system (nosuid, nodev, noexec), in which maps, programs and links outlive a process. */
    public static void bpf(Path on) throws IOException {
        mount("bpf", on, "mode=700");
    }

    private static void mount(String kind, Path on, String withOptions) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment options = arena.allocateFrom(withOptions);
            MemorySegment type = arena.allocateFrom(kind);
            int result;
            try {
                result = (int) MOUNT.invokeExact(
                        Libc.errnoSegment(),
                        type,
                        Libc.path(arena, on),
                        type,
                        MS_NOSUID | MS_NODEV | MS_NOEXEC,
                        options);
            } catch (Throwable thrown) {
                throw Libc.unexpected(thrown);
            }
            if (result < 0) {
                throw Libc.failure("mount a " + kind + " with " + withOptions + " on " + on);
            }
        }
    }

    /** Takes a mount away; files that are open on it live until they are closed. */
    public static void unmount(Path on) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            int result;
            try {
                result = (int) UMOUNT.invokeExact(Libc.errnoSegment(), Libc.path(arena, on), MNT_DETACH);
            } catch (Throwable thrown) {
                throw Libc.unexpected(thrown);
            }
            if (result < 0) {
                throw Libc.failure("unmount " + on);
            }
        }
    }

    /** Whether {@code path} lies on a tmpfs. */
    public static boolean isTmpfs(Path path) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            return statfs(arena, path).get(JAVA_LONG, 0) == TMPFS_MAGIC;
        }
    }

    /** Whether {@code path} lies on a BPF file system. */
    public static boolean isBpf(Path path) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            return statfs(arena, path).get(JAVA_LONG, 0) == BPF_FS_MAGIC;
        }
    }

    /** Bytes that can still be written on the file system of {@code path} without privileges. */
    public static long freeBytes(Path path) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment statfs = statfs(arena, path);
            return statfs.get(JAVA_LONG, STATFS_AVAILABLE) * statfs.get(JAVA_LONG, STATFS_BLOCK_BYTES);
        }
    }

    private static MemorySegment statfs(Arena arena, Path path) throws IOException {
        MemorySegment statfs = arena.allocate(STATFS_BYTES, 8);
        int result;
        try {
            result = (int) STATFS.invokeExact(Libc.errnoSegment(), Libc.path(arena, path), statfs);
        } catch (Throwable thrown) {
            throw Libc.unexpected(thrown);
        }
        if (result < 0) {
            throw Libc.failure("statfs " + path);
        }
        return statfs;
    }
}
