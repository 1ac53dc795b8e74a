package dev.godwit.linux;

import static dev.godwit.linux.Libc.INT;
import static dev.godwit.linux.Libc.LONG;
import static dev.godwit.linux.Libc.POINTER;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A BPF map of its object. Keys and values are bytes in the machine's order. Thread-safe; a value is read and written
 * whole, but two processors may see two values of one write in any order. Source: bpf(2), bpf/bpf.h.
 */
public final class BpfMap {
    static final int TYPE_PERCPU_HASH = 5;
    static final int TYPE_PERCPU_ARRAY = 6;
    static final long BPF_ANY = 0;
    static final long BPF_NOEXIST = 1;
    static final int INFO_BYTES = 104;
    static final int INFO_ID = 4;

    private static final MethodHandle UPDATE = Libbpf.function("bpf_map_update_elem", INT, INT, POINTER, POINTER, LONG);
    private static final MethodHandle LOOKUP = Libbpf.function("bpf_map_lookup_elem", INT, INT, POINTER, POINTER);
    private static final MethodHandle DELETE = Libbpf.function("bpf_map_delete_elem", INT, INT, POINTER);
    private static final MethodHandle NEXT = Libbpf.function("bpf_map_get_next_key", INT, INT, POINTER, POINTER);
    private static final MethodHandle UPDATE_BATCH =
            Libbpf.function("bpf_map_update_batch", INT, INT, POINTER, POINTER, POINTER, POINTER);
    private static final MethodHandle CPUS = Libbpf.function("libbpf_num_possible_cpus", INT);
    static final MethodHandle INFO = Libbpf.function("bpf_obj_get_info_by_fd", INT, INT, POINTER, POINTER);

    private final String name;
    private final int descriptor;
    private final int keyBytes;
    private final int valueBytes;
    private final int copies;

    BpfMap(String name, int descriptor, int type, int keyBytes, int valueBytes) throws LinuxException {
        this.name = name;
        this.descriptor = descriptor;
        this.keyBytes = keyBytes;
        this.copies = type == TYPE_PERCPU_ARRAY || type == TYPE_PERCPU_HASH ? cpus() : 1;
        // The kernel rounds each processor's copy up to eight bytes.
        this.valueBytes = copies == 1 ? valueBytes : (valueBytes + 7) / 8 * 8;
    }

    private static int cpus() throws LinuxException {
        try {
            return Libbpf.check((int) CPUS.invokeExact(Libc.errnoSegment()), "count the processors");
        } catch (LinuxException failed) {
            throw failed;
        } catch (Throwable thrown) {
            throw Libc.unexpected(thrown);
        }
    }

    /** Its name in the object. */
    public String name() {
        return name;
    }

    int descriptor() {
        return descriptor;
    }

    /** How many values stand under one key: one, or one a processor. */
    public int copies() {
        return copies;
    }

    /** The kernel's number of this map; the same map has the same number in every process. */
    public int id() throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment info = arena.allocate(INFO_BYTES, 8);
            info(descriptor, info, "map " + name);
            return info.get(JAVA_INT, INFO_ID);
        }
    }

    static void info(int descriptor, MemorySegment info, String what) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment length = arena.allocateFrom(JAVA_INT, (int) info.byteSize());
            Libbpf.check(
                    (int) INFO.invokeExact(Libc.errnoSegment(), descriptor, info, length),
                    "ask the kernel about " + what);
        } catch (IOException failed) {
            throw failed;
        } catch (Throwable thrown) {
            throw Libc.unexpected(thrown);
        }
    }

    /**
     * Writes a value, a new or another one.
     *
     * @throws LinuxException E2BIG or ENOSPC: the map is full
     */
    public void put(byte[] key, byte[] value) throws IOException {
        int result = update(key, value, BPF_ANY);
        Libbpf.check(result, "write to map " + name);
    }

    /** Writes a value where there is none; false if there is one. */
    public boolean putIfAbsent(byte[] key, byte[] value) throws IOException {
        int result = update(key, value, BPF_NOEXIST);
        if (result == -Errno.EEXIST) {
            return false;
        }
        Libbpf.check(result, "write to map " + name);
        return true;
    }

    private int update(byte[] key, byte[] value, long flags) {
        requireSize(key, value);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment values = arena.allocate((long) valueBytes * copies, 8);
            for (int copy = 0; copy < copies; copy++) {
                MemorySegment.copy(value, 0, values, JAVA_BYTE, (long) copy * valueBytes, value.length);
            }
            return (int) UPDATE.invokeExact(
                    Libc.errnoSegment(), descriptor, arena.allocateFrom(JAVA_BYTE, key), values, flags);
        } catch (Throwable thrown) {
            throw Libc.unexpected(thrown);
        }
    }

    /** Writes many values in one call; all or, with an error, some of them. */
    public void putAll(List<byte[]> keys, List<byte[]> values) throws IOException {
        if (keys.size() != values.size()) {
            throw new IllegalArgumentException(keys.size() + " keys and " + values.size() + " values");
        }
        if (keys.isEmpty()) {
            return;
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment keyArray = arena.allocate((long) keyBytes * keys.size(), 8);
            MemorySegment valueArray = arena.allocate((long) valueBytes * values.size(), 8);
            for (int i = 0; i < keys.size(); i++) {
                requireSize(keys.get(i), values.get(i));
                MemorySegment.copy(keys.get(i), 0, keyArray, JAVA_BYTE, (long) i * keyBytes, keyBytes);
                MemorySegment.copy(
                        values.get(i), 0, valueArray, JAVA_BYTE, (long) i * valueBytes, values.get(i).length);
            }
            MemorySegment count = arena.allocateFrom(JAVA_INT, keys.size());
            Libbpf.check(
                    (int) UPDATE_BATCH.invokeExact(
                            Libc.errnoSegment(), descriptor, keyArray, valueArray, count, MemorySegment.NULL),
                    "write " + keys.size() + " values to map " + name);
        } catch (IOException | RuntimeException failed) {
            throw failed;
        } catch (Throwable thrown) {
            throw Libc.unexpected(thrown);
        }
    }

    /** The value of a key; of a map with a value a processor, all of them one after the other. */
    public Optional<byte[]> get(byte[] key) throws IOException {
        requireKey(key);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment value = arena.allocate((long) valueBytes * copies, 8);
            int result = (int)
                    LOOKUP.invokeExact(Libc.errnoSegment(), descriptor, arena.allocateFrom(JAVA_BYTE, key), value);
            if (result == -Errno.ENOENT) {
                return Optional.empty();
            }
            Libbpf.check(result, "read from map " + name);
            return Optional.of(value.toArray(JAVA_BYTE));
        } catch (IOException | RuntimeException failed) {
            throw failed;
        } catch (Throwable thrown) {
            throw Libc.unexpected(thrown);
        }
    }

    /** Takes a key away; false: it was not there. */
    public boolean remove(byte[] key) throws IOException {
        requireKey(key);
        try (Arena arena = Arena.ofConfined()) {
            int result = (int) DELETE.invokeExact(Libc.errnoSegment(), descriptor, arena.allocateFrom(JAVA_BYTE, key));
            if (result == -Errno.ENOENT) {
                return false;
            }
            Libbpf.check(result, "delete from map " + name);
            return true;
        } catch (IOException | RuntimeException failed) {
            throw failed;
        } catch (Throwable thrown) {
            throw Libc.unexpected(thrown);
        }
    }

    /**
     * All keys. What is written meanwhile may be there or not; where the key at hand is deleted meanwhile, the kernel
     * starts again, so a key can come twice but at most {@code max} come.
     */
    public List<byte[]> keys(int max) throws IOException {
        List<byte[]> keys = new ArrayList<>();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment at = MemorySegment.NULL;
            MemorySegment[] buffers = {arena.allocate(keyBytes, 8), arena.allocate(keyBytes, 8)};
            while (keys.size() < max) {
                MemorySegment next = buffers[keys.size() % 2];
                int result = (int) NEXT.invokeExact(Libc.errnoSegment(), descriptor, at, next);
                if (result == -Errno.ENOENT) {
                    break;
                }
                Libbpf.check(result, "read the keys of map " + name);
                keys.add(next.toArray(JAVA_BYTE));
                at = next;
            }
            return keys;
        } catch (IOException | RuntimeException failed) {
            throw failed;
        } catch (Throwable thrown) {
            throw Libc.unexpected(thrown);
        }
    }

    /** Bytes of kernel memory that the map takes, as the kernel accounts it. Source: the "memlock" line of fdinfo. */
    public long memoryBytes() throws IOException {
        for (String line : Files.readAllLines(Path.of("/proc/self/fdinfo/" + descriptor))) {
            if (line.startsWith("memlock:")) {
                return Long.parseLong(line.substring("memlock:".length()).strip());
            }
        }
        throw new IOException("the kernel tells no memory of map " + name + " in /proc/self/fdinfo/" + descriptor);
    }

    private void requireKey(byte[] key) {
        if (key.length != keyBytes) {
            throw new IllegalArgumentException(
                    "map " + name + " has keys of " + keyBytes + " bytes, not " + key.length);
        }
    }

    private void requireSize(byte[] key, byte[] value) {
        requireKey(key);
        if (value.length > valueBytes || (copies == 1 && value.length != valueBytes)) {
            throw new IllegalArgumentException(
                    "map " + name + " has values of " + valueBytes + " bytes, not " + value.length);
        }
    }
}
