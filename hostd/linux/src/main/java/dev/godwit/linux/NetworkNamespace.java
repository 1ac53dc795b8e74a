package dev.godwit.linux;

import static dev.godwit.linux.Libc.INT;

import java.io.IOException;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;

/**
 * Network namespaces. A socket, a tap and a program that is started belong to the namespace that their thread was in;
 * a socket that is open stays in its own. Source: setns(2), unshare(2).
 */
public final class NetworkNamespace {
    static final int CLONE_NEWNET = 0x40000000;

    private static final MethodHandle SETNS = Libc.function("setns", INT, INT, INT);
    private static final MethodHandle UNSHARE = Libc.function("unshare", INT, INT);

    private NetworkNamespace() {}

    /**
     * Puts the calling thread in a namespace, for good. What it starts is born there, and nothing else of this process.
     *
     * @param namespace {@code /proc/PID/ns/net}, or a file that {@code ip netns add} made
     * @throws IllegalStateException on a virtual thread, which shares its kernel thread with others
     * @throws LinuxException ENOENT: there is none; EINVAL: that is no network namespace; EPERM: no right to
     */
    public static void enter(Path namespace) throws IOException {
        requirePlatformThread("the network namespace " + namespace);
        try (Descriptor opened = Descriptor.open(namespace, Descriptor.O_RDONLY, 0)) {
            int result;
            try {
                result = (int) SETNS.invokeExact(Libc.errnoSegment(), opened.number(), CLONE_NEWNET);
            } catch (Throwable thrown) {
                throw Libc.unexpected(thrown);
            }
            if (result < 0) {
                throw Libc.failure("setns to the network namespace " + namespace);
            }
        }
    }

    /**
     * Puts the calling thread in a new, empty namespace, which ends with the last thread, process and socket in it.
     *
     * @throws LinuxException EPERM: no right to
     */
    public static void enterNew() throws IOException {
        requirePlatformThread("a new network namespace");
        int result;
        try {
            result = (int) UNSHARE.invokeExact(Libc.errnoSegment(), CLONE_NEWNET);
        } catch (Throwable thrown) {
            throw Libc.unexpected(thrown);
        }
        if (result < 0) {
            throw Libc.failure("unshare the network namespace");
        }
    }

    private static void requirePlatformThread(String namespace) {
        if (Thread.currentThread().isVirtual()) {
            throw new IllegalStateException("only a platform thread can go into " + namespace);
        }
    }
}
