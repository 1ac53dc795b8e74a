package dev.godwit.linux;

import static dev.godwit.linux.Libc.INT;
import static dev.godwit.linux.Libc.LONG;
import static dev.godwit.linux.Libc.POINTER;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/**
 * The memory of another process, read and written through its page tables: what is written is charged to its control
 * group, and a userfaultfd that tracks it sees the write. Thread-safe. Source: process_vm_readv(2).
 */
public final class ProcessMemory {
    static final int IOVEC_BYTES = 16;
    static final int IOVEC_LENGTH = 8;

    private static final MethodHandle READ = transfer("process_vm_readv");
    private static final MethodHandle WRITE = transfer("process_vm_writev");

    private final long pid;

    /** The memory of process {@code pid}; nothing is opened, so it must be one that can't be replaced unnoticed. */
    public ProcessMemory(long pid) {
        this.pid = pid;
    }

    private static MethodHandle transfer(String name) {
        return Libc.function(name, LONG, INT, POINTER, LONG, POINTER, LONG, LONG);
    }

    /**
     * Fills {@code into} (native memory) from the process's {@code address} on.
     *
     * @throws LinuxException EPERM: no right to trace it; ESRCH: it is gone; EFAULT: not all of the range is mapped
     */
    public void read(long address, MemorySegment into) throws IOException {
        transfer(READ, "process_vm_readv", address, into);
    }

    /**
     * Writes all of {@code from} (native memory) at the process's {@code address}.
     *
     * @throws LinuxException EPERM: no right to trace it; ESRCH: it is gone; EFAULT: not all of the range is mapped, or
     *     there is no memory for it
     */
    public void write(long address, MemorySegment from) throws IOException {
        transfer(WRITE, "process_vm_writev", address, from);
    }

    private void transfer(MethodHandle call, String name, long address, MemorySegment local) throws IOException {
        Libc.requireNative(local);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment here = arena.allocate(IOVEC_BYTES, 8);
            MemorySegment there = arena.allocate(IOVEC_BYTES, 8);
            long done = 0;
            while (done < local.byteSize()) {
                here.set(JAVA_LONG, 0, local.address() + done);
                here.set(JAVA_LONG, IOVEC_LENGTH, local.byteSize() - done);
                there.set(JAVA_LONG, 0, address + done);
                there.set(JAVA_LONG, IOVEC_LENGTH, local.byteSize() - done);
                long moved;
                try {
                    moved = (long) call.invokeExact(Libc.errnoSegment(), (int) pid, here, 1L, there, 1L, 0L);
                } catch (Throwable thrown) {
                    throw Libc.unexpected(thrown);
                }
                if (moved <= 0) {
                    throw Libc.failure(name + " process " + pid + ", " + (local.byteSize() - done) + " bytes at 0x"
                            + Long.toHexString(address + done));
                }
                done += moved;
            }
        }
    }
}
