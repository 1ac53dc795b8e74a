package dev.godwit.linux;

import static dev.godwit.linux.Libc.INT;
import static dev.godwit.linux.Libc.POINTER;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;

/**
 * A traffic-control program attached to a device by a tcx link (Linux 6.6 and newer). The attachment lives as long as
 * this object or its pin. Thread-safe but for {@link #close}. Source: bpf(2), linux/bpf.h.
 */
public final class BpfLink implements AutoCloseable {
    static final int BPF_TCX_INGRESS = 46;
    static final int BPF_TCX_EGRESS = 47;
    static final int INFO_BYTES = 40;
    static final int INFO_ID = 4;
    static final int INFO_PROGRAM = 8;
    static final int INFO_IFINDEX = 16;

    private static final MethodHandle CREATE = Libbpf.function("bpf_link_create", INT, INT, INT, INT, POINTER);
    private static final MethodHandle UPDATE = Libbpf.function("bpf_link_update", INT, INT, INT, POINTER);
    private static final MethodHandle PIN = Libbpf.function("bpf_obj_pin", INT, INT, POINTER);
    private static final MethodHandle OPEN = Libbpf.function("bpf_obj_get", INT, POINTER);

    private final Descriptor descriptor;

    private BpfLink(Descriptor descriptor) {
        this.descriptor = descriptor;
    }

    /**
     * Attaches a program.
     *
     * @param interfaceIndex in the network namespace of the calling thread
     * @param ingress to what the device receives, else to what it sends
     * @throws LinuxException EINVAL: this kernel has no tcx; ENODEV: there is no such device
     */
    public static BpfLink attach(BpfProgram program, int interfaceIndex, boolean ingress) throws IOException {
        try {
            int link = (int) CREATE.invokeExact(
                    Libc.errnoSegment(),
                    program.descriptor(),
                    interfaceIndex,
                    ingress ? BPF_TCX_INGRESS : BPF_TCX_EGRESS,
                    MemorySegment.NULL);
            String what = "program " + program.name() + " on interface " + interfaceIndex;
            return new BpfLink(new Descriptor(Libbpf.check(link, "attach " + what), what));
        } catch (IOException failed) {
            throw failed;
        } catch (Throwable thrown) {
            throw Libc.unexpected(thrown);
        }
    }

    /** Opens a pinned link. */
    public static BpfLink open(Path pin) throws IOException {
        Libbpf.require();
        try (Arena arena = Arena.ofConfined()) {
            int link = (int) OPEN.invokeExact(Libc.errnoSegment(), Libc.path(arena, pin));
            return new BpfLink(new Descriptor(Libbpf.check(link, "open the link pinned at " + pin), pin.toString()));
        } catch (IOException failed) {
            throw failed;
        } catch (Throwable thrown) {
            throw Libc.unexpected(thrown);
        }
    }

    /** Keeps the attachment when this object is closed. */
    public void pin(Path at) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            Libbpf.check(
                    (int) PIN.invokeExact(Libc.errnoSegment(), descriptor.number(), Libc.path(arena, at)),
                    "pin " + descriptor.what() + " at " + at);
        } catch (IOException failed) {
            throw failed;
        } catch (Throwable thrown) {
            throw Libc.unexpected(thrown);
        }
    }

    /** Puts another program in the place of the one at hand, in one step: no packet meets neither. */
    public void update(BpfProgram program) throws IOException {
        try {
            Libbpf.check(
                    (int) UPDATE.invokeExact(
                            Libc.errnoSegment(), descriptor.number(), program.descriptor(), MemorySegment.NULL),
                    "put program " + program.name() + " in the place of " + descriptor.what());
        } catch (IOException failed) {
            throw failed;
        } catch (Throwable thrown) {
            throw Libc.unexpected(thrown);
        }
    }

    /**
     * What the kernel knows of a link.
     *
     * @param id the link's number
     * @param programId the number of the program that is attached
     * @param interfaceIndex the device; 0: it is gone
     */
    public record Info(int id, int programId, int interfaceIndex) {}

    /** What the kernel knows of this link. */
    public Info info() throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment info = arena.allocate(INFO_BYTES, 8);
            BpfMap.info(descriptor.number(), info, descriptor.what());
            return new Info(
                    info.get(JAVA_INT, INFO_ID), info.get(JAVA_INT, INFO_PROGRAM), info.get(JAVA_INT, INFO_IFINDEX));
        }
    }

    /** Lets go: the attachment ends unless it is pinned. A second call does nothing. */
    @Override
    public void close() {
        descriptor.close();
    }
}
