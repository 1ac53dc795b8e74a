package dev.godwit.linux;

import static dev.godwit.linux.Libc.INT;
import static dev.godwit.linux.Libc.LONG;
import static dev.godwit.linux.Libc.POINTER;
import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;

/**
 * A loaded BPF object: its maps and programs. Maps that ask to be pinned by name are taken over from the folder where
 * they are pinned, or made and pinned there.
 *
 * <p>Its maps and programs may be used by many threads while it is open. Source: libbpf.h.
 */
public final class BpfObject implements AutoCloseable {
    static final int OPEN_OPTS_BYTES = 80;
    static final int OPEN_OPTS_NAME = 8;
    static final int OPEN_OPTS_PIN_ROOT = 24;
    static final int OPEN_OPTS_LOG = 56;
    static final int OPEN_OPTS_LOG_BYTES = 64;
    private static final long LOG_BYTES = 1 << 20;
    private static final int LOG_TAIL_CHARACTERS = 1500;

    private static final MethodHandle OPEN = Libbpf.function("bpf_object__open_mem", POINTER, POINTER, LONG, POINTER);
    private static final MethodHandle LOAD = Libbpf.function("bpf_object__load", INT, POINTER);
    private static final MethodHandle CLOSE = Libbpf.procedure("bpf_object__close", POINTER);
    private static final MethodHandle FIND_MAP =
            Libbpf.function("bpf_object__find_map_by_name", POINTER, POINTER, POINTER);
    private static final MethodHandle MAP_FD = Libbpf.function("bpf_map__fd", INT, POINTER);
    private static final MethodHandle MAP_KEY_BYTES = Libbpf.function("bpf_map__key_size", INT, POINTER);
    private static final MethodHandle MAP_VALUE_BYTES = Libbpf.function("bpf_map__value_size", INT, POINTER);
    private static final MethodHandle MAP_TYPE = Libbpf.function("bpf_map__type", INT, POINTER);
    private static final MethodHandle FIND_PROGRAM =
            Libbpf.function("bpf_object__find_program_by_name", POINTER, POINTER, POINTER);
    private static final MethodHandle PROGRAM_FD = Libbpf.function("bpf_program__fd", INT, POINTER);

    private final MemorySegment object;
    private boolean closed;

    private BpfObject(MemorySegment object) {
        this.object = object;
    }

    /**
     * Loads an object file.
     *
     * @param elf its bytes
     * @param name for messages of the kernel
     * @param pins a folder on a BPF file system
     * @throws IOException the kernel refuses a program (the message ends with the verifier's last words), a map that is
     *     pinned has another shape, or libbpf is missing
     */
    public static BpfObject load(byte[] elf, String name, Path pins) throws IOException {
        Libbpf.require();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment log = arena.allocate(LOG_BYTES);
            MemorySegment options = arena.allocate(OPEN_OPTS_BYTES, 8);
            options.set(JAVA_LONG, 0, OPEN_OPTS_BYTES);
            options.set(ADDRESS, OPEN_OPTS_NAME, arena.allocateFrom(name));
            options.set(ADDRESS, OPEN_OPTS_PIN_ROOT, Libc.path(arena, pins));
            options.set(ADDRESS, OPEN_OPTS_LOG, log);
            options.set(JAVA_LONG, OPEN_OPTS_LOG_BYTES, LOG_BYTES);
            MemorySegment image = arena.allocateFrom(JAVA_BYTE, elf);
            MemorySegment opened = Libbpf.check(
                    (MemorySegment) OPEN.invokeExact(Libc.errnoSegment(), image, (long) elf.length, options),
                    "open BPF object " + name);
            BpfObject object = new BpfObject(opened);
            int loaded = (int) LOAD.invokeExact(Libc.errnoSegment(), opened);
            if (loaded < 0) {
                String words = tail(log.getString(0));
                object.close();
                Libbpf.check(loaded, "load BPF object " + name + " with maps in " + pins + words);
            }
            Libbpf.said();
            return object;
        } catch (IOException | RuntimeException failed) {
            throw failed;
        } catch (Throwable thrown) {
            throw Libc.unexpected(thrown);
        }
    }

    private static String tail(String log) {
        String text = log.strip();
        if (text.isEmpty()) {
            return "";
        }
        return "; the verifier's last words: " + text.substring(Math.max(0, text.length() - LOG_TAIL_CHARACTERS));
    }

    /**
     * One of its maps, usable while this object is open.
     *
     * @throws LinuxException ENOENT: it has no such map
     */
    public synchronized BpfMap map(String name) throws IOException {
        requireOpen();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment map = Libbpf.check(
                    (MemorySegment) FIND_MAP.invokeExact(Libc.errnoSegment(), object, arena.allocateFrom(name)),
                    "find map " + name);
            return new BpfMap(
                    name,
                    Libbpf.check((int) MAP_FD.invokeExact(Libc.errnoSegment(), map), "descriptor of map " + name),
                    (int) MAP_TYPE.invokeExact(Libc.errnoSegment(), map),
                    (int) MAP_KEY_BYTES.invokeExact(Libc.errnoSegment(), map),
                    (int) MAP_VALUE_BYTES.invokeExact(Libc.errnoSegment(), map));
        } catch (IOException | RuntimeException failed) {
            throw failed;
        } catch (Throwable thrown) {
            throw Libc.unexpected(thrown);
        }
    }

    /**
     * One of its programs, usable while this object is open.
     *
     * @throws LinuxException ENOENT: it has no such program
     */
    public synchronized BpfProgram program(String name) throws IOException {
        requireOpen();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment program = Libbpf.check(
                    (MemorySegment) FIND_PROGRAM.invokeExact(Libc.errnoSegment(), object, arena.allocateFrom(name)),
                    "find program " + name);
            return new BpfProgram(
                    name,
                    Libbpf.check(
                            (int) PROGRAM_FD.invokeExact(Libc.errnoSegment(), program),
                            "descriptor of program " + name));
        } catch (IOException | RuntimeException failed) {
            throw failed;
        } catch (Throwable thrown) {
            throw Libc.unexpected(thrown);
        }
    }

    private void requireOpen() {
        if (closed) {
            throw new IllegalStateException("the BPF object is closed");
        }
    }

    /** Closes its descriptors; what is pinned or attached lives on. A second call does nothing. */
    @Override
    public synchronized void close() {
        if (closed) {
            return;
        }
        closed = true;
        try {
            CLOSE.invokeExact(Libc.errnoSegment(), object);
        } catch (Throwable thrown) {
            throw Libc.unexpected(thrown);
        }
    }
}
