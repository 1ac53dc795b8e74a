package dev.godwit.linux;

import static dev.godwit.linux.Libc.INT;
import static dev.godwit.linux.Libc.POINTER;
import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.Arrays;

/** A BPF program of its object. Thread-safe. Source: bpf(2), bpf/bpf.h, linux/bpf.h. */
public final class BpfProgram {
    static final int RUN_OPTS_BYTES = 80;
    static final int RUN_DATA_IN = 8;
    static final int RUN_DATA_OUT = 16;
    static final int RUN_DATA_IN_BYTES = 24;
    static final int RUN_DATA_OUT_BYTES = 28;
    static final int RUN_CONTEXT_IN = 32;
    static final int RUN_CONTEXT_OUT = 40;
    static final int RUN_CONTEXT_IN_BYTES = 48;
    static final int RUN_CONTEXT_OUT_BYTES = 52;
    static final int RUN_RETURNED = 56;
    static final int RUN_REPEAT = 60;
    static final int SKB_BYTES = 192;
    static final int SKB_MARK = 8;
    static final int SKB_INGRESS_IFINDEX = 36;
    static final int SKB_IFINDEX = 40;
    static final int SKB_GSO_SEGMENTS = 164;
    static final int SKB_GSO_SIZE = 176;
    private static final int FRAME_BYTES_MAX = 65_536;
    static final int INFO_BYTES = 232;
    static final int INFO_ID = 4;

    private static final MethodHandle TEST_RUN = Libbpf.function("bpf_prog_test_run_opts", INT, INT, POINTER);

    private final String name;
    private final int descriptor;

    BpfProgram(String name, int descriptor) {
        this.name = name;
        this.descriptor = descriptor;
    }

    /** Its name in the object. */
    public String name() {
        return name;
    }

    int descriptor() {
        return descriptor;
    }

    /** The kernel's number of this program; every load makes a new one. */
    public int id() throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment info = arena.allocate(INFO_BYTES, 8);
            BpfMap.info(descriptor, info, "program " + name);
            return info.get(JAVA_INT, INFO_ID);
        }
    }

    /**
     * What a trial run came to.
     *
     * @param returned the program's result, for example {@code TC_ACT_SHOT}
     * @param frame the packet as the program left it
     * @param mark the packet's fwmark as the program left it
     */
    public record Trial(int returned, byte[] frame, int mark) {}

    /**
     * One frame for a trial run of a traffic-control program.
     *
     * @param interfaceIndex the device that it has come in by and is at
     */
    public record Frame(byte[] bytes, int interfaceIndex, int gsoSize, int gsoSegments, int mark) {
        /** A frame that is one packet. */
        public static Frame of(byte[] bytes, int interfaceIndex) {
            return new Frame(bytes, interfaceIndex, 0, 0, 0);
        }
    }

    /**
     * Runs a traffic-control program on a frame that nobody sends; redirects are not executed.
     *
     * @throws LinuxException EINVAL: the frame is shorter than an Ethernet header, or the interface is none of the
     *     calling thread's network namespace
     */
    public Trial tryOn(Frame frame) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(FRAME_BYTES_MAX);
            MemorySegment contextIn = arena.allocate(SKB_BYTES, 8);
            MemorySegment contextOut = arena.allocate(SKB_BYTES, 8);
            contextIn.set(JAVA_INT, SKB_IFINDEX, frame.interfaceIndex());
            contextIn.set(JAVA_INT, SKB_INGRESS_IFINDEX, frame.interfaceIndex());
            contextIn.set(JAVA_INT, SKB_MARK, frame.mark());
            contextIn.set(JAVA_INT, SKB_GSO_SIZE, frame.gsoSize());
            contextIn.set(JAVA_INT, SKB_GSO_SEGMENTS, frame.gsoSegments());
            MemorySegment options = arena.allocate(RUN_OPTS_BYTES, 8);
            options.set(JAVA_LONG, 0, RUN_OPTS_BYTES);
            options.set(ADDRESS, RUN_DATA_IN, arena.allocateFrom(JAVA_BYTE, frame.bytes()));
            options.set(ADDRESS, RUN_DATA_OUT, out);
            options.set(JAVA_INT, RUN_DATA_IN_BYTES, frame.bytes().length);
            options.set(JAVA_INT, RUN_DATA_OUT_BYTES, FRAME_BYTES_MAX);
            options.set(ADDRESS, RUN_CONTEXT_IN, contextIn);
            options.set(ADDRESS, RUN_CONTEXT_OUT, contextOut);
            options.set(JAVA_INT, RUN_CONTEXT_IN_BYTES, SKB_BYTES);
            options.set(JAVA_INT, RUN_CONTEXT_OUT_BYTES, SKB_BYTES);
            options.set(JAVA_INT, RUN_REPEAT, 1);
            Libbpf.check(
                    (int) TEST_RUN.invokeExact(Libc.errnoSegment(), descriptor, options),
                    "try program " + name + " on " + frame.bytes().length + " bytes");
            byte[] left = Arrays.copyOf(out.toArray(JAVA_BYTE), options.get(JAVA_INT, RUN_DATA_OUT_BYTES));
            return new Trial(options.get(JAVA_INT, RUN_RETURNED), left, contextOut.get(JAVA_INT, SKB_MARK));
        } catch (IOException | RuntimeException failed) {
            throw failed;
        } catch (Throwable thrown) {
            throw Libc.unexpected(thrown);
        }
    }
}
