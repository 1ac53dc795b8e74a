package dev.godwit.linux;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;

/**
 * How this module calls the C library. A handle made here takes the calling thread's errno segment
 * ({@link #errnoSegment}) as its first argument and must be called with {@code invokeExact} and exact static types.
 *
 * <p>The module is for x86-64: its structures and numbers are that architecture's.
 */
final class Libc {
    /** {@code int} of C. */
    static final MemoryLayout INT = JAVA_INT;
    /** {@code long}, {@code size_t}, {@code off_t} of C. */
    static final MemoryLayout LONG = JAVA_LONG;
    /** A pointer. */
    static final MemoryLayout POINTER = ADDRESS;

    private static final String C_LIBRARY = "C library (Godwit needs glibc 2.36 or newer)";
    private static final Linker LINKER = Linker.nativeLinker();
    private static final SymbolLookup SYMBOLS = LINKER.defaultLookup();
    private static final Linker.Option CAPTURE_ERRNO = Linker.Option.captureCallState("errno");
    private static final long ERRNO_OFFSET =
            Linker.Option.captureStateLayout().byteOffset(MemoryLayout.PathElement.groupElement("errno"));
    private static final ThreadLocal<MemorySegment> ERRNO =
            ThreadLocal.withInitial(() -> Arena.ofAuto().allocate(Linker.Option.captureStateLayout()));

    private static final MethodHandle IOCTL = variadic("ioctl", 2, INT, INT, LONG, POINTER);
    private static final MethodHandle IOCTL_NUMBER = variadic("ioctl", 2, INT, INT, LONG, LONG);

    static {
        String arch = System.getProperty("os.arch", "unknown");
        if (!arch.equals("amd64") && !arch.equals("x86_64")) {
            throw new UnsupportedOperationException(
                    "Godwit's system calls are laid out for x86-64 and this machine is " + arch);
        }
    }

    private Libc() {}

    /** A function with fixed parameters. */
    static MethodHandle function(String name, MemoryLayout result, MemoryLayout... parameters) {
        return link(SYMBOLS, C_LIBRARY, name, FunctionDescriptor.of(result, parameters), CAPTURE_ERRNO);
    }

    /** A function of another library with fixed parameters. */
    static MethodHandle function(
            SymbolLookup library, String libraryName, String name, MemoryLayout result, MemoryLayout... parameters) {
        return link(library, libraryName, name, FunctionDescriptor.of(result, parameters), CAPTURE_ERRNO);
    }

    /** A function of another library that returns nothing. */
    static MethodHandle procedure(SymbolLookup library, String libraryName, String name, MemoryLayout... parameters) {
        return link(library, libraryName, name, FunctionDescriptor.ofVoid(parameters), CAPTURE_ERRNO);
    }

    /** A function whose parameters are variadic from {@code firstVariadic} (counted from 0) on. */
    static MethodHandle variadic(String name, int firstVariadic, MemoryLayout result, MemoryLayout... parameters) {
        return link(
                SYMBOLS,
                C_LIBRARY,
                name,
                FunctionDescriptor.of(result, parameters),
                CAPTURE_ERRNO,
                Linker.Option.firstVariadicArg(firstVariadic));
    }

    @SuppressWarnings("restricted") // calling C is what this class is for
    private static MethodHandle link(
            SymbolLookup library,
            String libraryName,
            String name,
            FunctionDescriptor descriptor,
            Linker.Option... options) {
        MemorySegment symbol = library.find(name)
                .orElseThrow(
                        () -> new UnsatisfiedLinkError("this machine's " + libraryName + " has no function " + name));
        return LINKER.downcallHandle(symbol, descriptor, options);
    }

    /** A pointer to a Java method that C can call, for as long as {@code arena} lives. */
    @SuppressWarnings("restricted") // being called by C is what it is for
    static MemorySegment callback(MethodHandle target, FunctionDescriptor descriptor, Arena arena) {
        return LINKER.upcallStub(target, descriptor, arena);
    }

    /** Where the calling thread's errno is kept after a call. */
    static MemorySegment errnoSegment() {
        return ERRNO.get();
    }

    /** The error number of the calling thread's last failed call. */
    static int errno() {
        return ERRNO.get().get(JAVA_INT, ERRNO_OFFSET);
    }

    /** The failure of the calling thread's last call. */
    static LinuxException failure(String attempt) {
        return new LinuxException(attempt, errno());
    }

    /** What {@code invokeExact} threw: no C function throws, so it is a mistake of ours or the JVM is ending. */
    static RuntimeException unexpected(Throwable thrown) {
        if (thrown instanceof Error error) {
            throw error;
        }
        return new IllegalStateException("a call into the C library was linked with wrong types", thrown);
    }

    /** {@code ioctl} with a pointer; -1 on failure. */
    static int ioctl(int descriptor, long request, MemorySegment argument) {
        try {
            return (int) IOCTL.invokeExact(errnoSegment(), descriptor, request, argument);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    /** {@code ioctl} with a number; -1 on failure. */
    static int ioctl(int descriptor, long request, long argument) {
        try {
            return (int) IOCTL_NUMBER.invokeExact(errnoSegment(), descriptor, request, argument);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    /** A zero-terminated path. */
    static MemorySegment path(Arena arena, Path path) {
        return arena.allocateFrom(path.toString());
    }

    /** For memory whose address is put in a structure: the address of a heap segment means nothing to the kernel. */
    static void requireNative(MemorySegment memory) {
        if (!memory.isNative()) {
            throw new IllegalArgumentException("memory on the Java heap can't be given to the kernel: " + memory);
        }
    }
}
