package dev.godwit.linux;

import java.io.IOException;

/** A system call failed. The message says what was tried on what, and names the errno. */
public final class LinuxException extends IOException {
    private static final long serialVersionUID = 1L;

    private final int errno;

    /**
     * @param attempt what was tried, on what: {@code "ioctl UFFDIO_REGISTER on 512 MiB at 0x7f00"}
     * @param errno the positive error number
     */
    public LinuxException(String attempt, int errno) {
        super(attempt + ": " + Errno.name(errno));
        this.errno = errno;
    }

    /** The positive error number. */
    public int errno() {
        return errno;
    }
}
