package dev.godwit.linux;

import static dev.godwit.linux.Libc.INT;

import java.lang.invoke.MethodHandle;

/** Which rights new files and sockets don't get: one setting of the whole process, for its start. Source: umask(2). */
public final class Umask {
    private static final MethodHandle UMASK = Libc.function("umask", INT, INT);

    private Umask() {}

    /**
     * Sets it.
     *
     * @param mask for example 0077 in octal
     * @return what it was
     */
    public static int set(int mask) {
        if (mask < 0 || mask > 0777) {
            throw new IllegalArgumentException(
                    "umask 0" + Integer.toOctalString(mask) + " is not between 0 and 0777 (octal)");
        }
        try {
            return (int) UMASK.invokeExact(Libc.errnoSegment(), mask);
        } catch (Throwable thrown) {
            throw Libc.unexpected(thrown);
        }
    }
}
