package dev.godwit.linux;

import static dev.godwit.linux.Libc.INT;
import static dev.godwit.linux.Libc.POINTER;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/**
 * A traffic-control program attached to a device as a filter of its clsact queue: what kernels before 6.6 can. The
 * attachment lives as long as the device. Thread-safe. Source: bpf/libbpf.h.
 */
public final class BpfFilter {
    static final int HOOK_BYTES = 24;
    static final int HOOK_IFINDEX = 8;
    static final int HOOK_POINT = 12;
    static final int OPTS_BYTES = 32;
    static final int OPTS_PROGRAM = 8;
    static final int OPTS_FLAGS = 12;
    static final int OPTS_HANDLE = 20;
    static final int OPTS_PRIORITY = 24;
    static final int BPF_TC_INGRESS = 1;
    static final int BPF_TC_EGRESS = 2;
    static final int BPF_TC_F_REPLACE = 1;

    private static final MethodHandle CREATE = Libbpf.function("bpf_tc_hook_create", INT, POINTER);
    private static final MethodHandle ATTACH = Libbpf.function("bpf_tc_attach", INT, POINTER, POINTER);
    private static final MethodHandle DETACH = Libbpf.function("bpf_tc_detach", INT, POINTER, POINTER);

    private BpfFilter() {}

    /**
     * Attaches a program, in the place of the one that was attached so before.
     *
     * @param interfaceIndex in the network namespace of the calling thread
     */
    public static void attach(BpfProgram program, int interfaceIndex, boolean ingress) throws IOException {
        String what = "program " + program.name() + " on interface " + interfaceIndex;
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment hook = hook(arena, interfaceIndex, ingress);
            int created = (int) CREATE.invokeExact(Libc.errnoSegment(), hook);
            if (created != -Errno.EEXIST) {
                Libbpf.check(created, "make the queue for " + what);
            }
            MemorySegment options = options(arena);
            options.set(JAVA_INT, OPTS_PROGRAM, program.descriptor());
            options.set(JAVA_INT, OPTS_FLAGS, BPF_TC_F_REPLACE);
            Libbpf.check((int) ATTACH.invokeExact(Libc.errnoSegment(), hook, options), "attach " + what);
            Libbpf.said();
        } catch (IOException failed) {
            throw failed;
        } catch (Throwable thrown) {
            throw Libc.unexpected(thrown);
        }
    }

    /** Takes what {@link #attach} attached off a device; false: nothing was. */
    public static boolean detach(int interfaceIndex, boolean ingress) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            int result =
                    (int) DETACH.invokeExact(Libc.errnoSegment(), hook(arena, interfaceIndex, ingress), options(arena));
            Libbpf.said();
            if (result == -Errno.ENOENT || result == -Errno.EINVAL || result == -Errno.ENODEV) {
                return false;
            }
            Libbpf.check(result, "take the program off interface " + interfaceIndex);
            return true;
        } catch (IOException failed) {
            throw failed;
        } catch (Throwable thrown) {
            throw Libc.unexpected(thrown);
        }
    }

    private static MemorySegment hook(Arena arena, int interfaceIndex, boolean ingress) {
        MemorySegment hook = arena.allocate(HOOK_BYTES, 8);
        hook.set(JAVA_LONG, 0, HOOK_BYTES);
        hook.set(JAVA_INT, HOOK_IFINDEX, interfaceIndex);
        hook.set(JAVA_INT, HOOK_POINT, ingress ? BPF_TC_INGRESS : BPF_TC_EGRESS);
        return hook;
    }

    private static MemorySegment options(Arena arena) {
        MemorySegment options = arena.allocate(OPTS_BYTES, 8);
        options.set(JAVA_LONG, 0, OPTS_BYTES);
        options.set(JAVA_INT, OPTS_HANDLE, 1);
        options.set(JAVA_INT, OPTS_PRIORITY, 1);
        return options;
    }
}
