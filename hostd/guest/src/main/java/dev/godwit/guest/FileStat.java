package dev.godwit.guest;

import java.time.Instant;

/** A file of the guest; {@code mode} with the type bits of stat(2). */
public record FileStat(int mode, long sizeBytes, int uid, int gid, Instant modified) {
    private static final int TYPE = 0170000;

    public boolean isRegular() {
        return (mode & TYPE) == 0100000;
    }

    public boolean isDirectory() {
        return (mode & TYPE) == 0040000;
    }
}
