package dev.godwit.linux;

import static dev.godwit.linux.Libc.INT;
import static dev.godwit.linux.Libc.LONG;
import static dev.godwit.linux.Libc.POINTER;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.nio.charset.StandardCharsets;

/**
 * libbpf 1.x, which every Debian and Ubuntu host with iproute2 has. What it would print is kept for the message of the
 * failure that follows. Source: bpf/libbpf.h, bpf/bpf.h of libbpf 1.1.
 */
final class Libbpf {
    private static final String LIBRARY = "libbpf.so.1";
    private static final int LINE_BYTES_MAX = 4096;
    private static final int SAID_CHARACTERS_MAX = 16_384;
    private static final int LEVEL_DEBUG = 2;
    private static final MethodHandle VSNPRINTF = Libc.function("vsnprintf", INT, POINTER, LONG, POINTER, POINTER);
    private static final ThreadLocal<StringBuilder> SAID = ThreadLocal.withInitial(StringBuilder::new);

    private Libbpf() {}

    /** Loaded by the first use; a machine without the library fails only there. */
    private static final class Loaded {
        static final SymbolLookup SYMBOLS = open();

        @SuppressWarnings("restricted") // calling C is what this module is for
        private static SymbolLookup open() {
            SymbolLookup library;
            try {
                library = SymbolLookup.libraryLookup(LIBRARY, Arena.global());
            } catch (IllegalArgumentException missing) {
                UnsatisfiedLinkError error = new UnsatisfiedLinkError(
                        LIBRARY + " is not on this machine; install the package libbpf1 (iproute2 depends on it)");
                error.initCause(missing);
                throw error;
            }
            listen(library);
            return library;
        }

        private static void listen(SymbolLookup library) {
            try {
                MethodHandle say = MethodHandles.lookup()
                        .findStatic(
                                Libbpf.class,
                                "say",
                                MethodType.methodType(int.class, int.class, MemorySegment.class, MemorySegment.class));
                // A va_list parameter is a pointer on x86-64.
                MemorySegment callback =
                        Libc.callback(say, FunctionDescriptor.of(INT, INT, POINTER, POINTER), Arena.global());
                MethodHandle setPrint = Libc.function(library, LIBRARY, "libbpf_set_print", POINTER, POINTER);
                MemorySegment before = (MemorySegment) setPrint.invokeExact(Libc.errnoSegment(), callback);
                assert before != null;
            } catch (Throwable thrown) {
                throw Libc.unexpected(thrown);
            }
        }
    }

    /** A function of the library. */
    static MethodHandle function(String name, MemoryLayout result, MemoryLayout... parameters) {
        return Libc.function(Loaded.SYMBOLS, LIBRARY, name, result, parameters);
    }

    /** A function of the library that returns nothing. */
    static MethodHandle procedure(String name, MemoryLayout... parameters) {
        return Libc.procedure(Loaded.SYMBOLS, LIBRARY, name, parameters);
    }

    /** Called by libbpf on the thread that called it. */
    static int say(int level, MemorySegment format, MemorySegment arguments) {
        if (level >= LEVEL_DEBUG) {
            return 0;
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment line = arena.allocate(LINE_BYTES_MAX);
            int length =
                    (int) VSNPRINTF.invokeExact(Libc.errnoSegment(), line, (long) LINE_BYTES_MAX, format, arguments);
            StringBuilder said = SAID.get();
            if (length > 0 && said.length() < SAID_CHARACTERS_MAX) {
                byte[] bytes =
                        line.asSlice(0, Math.min(length, LINE_BYTES_MAX - 1)).toArray(JAVA_BYTE);
                said.append(new String(bytes, StandardCharsets.UTF_8));
            }
            return Math.max(0, length);
        } catch (Throwable thrown) {
            // Nothing may be thrown into C; the line is lost and the call's own error stands.
            return 0;
        }
    }

    /** What libbpf said on this thread since the last question. */
    static String said() {
        StringBuilder said = SAID.get();
        String text = said.toString().strip();
        said.setLength(0);
        return text;
    }

    /** Checks a result of libbpf: not negative, else it is a negated error number. */
    static int check(int result, String attempt) throws LinuxException {
        if (result < 0) {
            String said = said();
            throw new LinuxException(said.isEmpty() ? attempt : attempt + " (" + oneLine(said) + ")", -result);
        }
        return result;
    }

    /** Checks a pointer of libbpf: null means errno. */
    static MemorySegment check(MemorySegment result, String attempt) throws LinuxException {
        if (result.address() == 0) {
            check(-Libc.errno(), attempt);
        }
        return result;
    }

    private static String oneLine(String text) {
        return text.replaceAll("\\s*\\R\\s*", "; ");
    }

    /** Makes "the library is missing" an answer that a caller can handle. */
    static void require() throws IOException {
        try {
            assert Loaded.SYMBOLS != null;
            said();
        } catch (UnsatisfiedLinkError | NoClassDefFoundError missing) {
            throw new IOException("BPF programs can't be loaded: " + missing.getMessage(), missing);
        }
    }
}
