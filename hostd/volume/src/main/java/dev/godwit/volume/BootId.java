package dev.godwit.volume;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.UUID;

/**
 * The kernel's name for this boot of the machine: it changes when the page cache may have been lost. Source: proc(5),
 * /proc/sys/kernel/random/boot_id.
 */
record BootId(UUID id) {
    private static final Path SOURCE = Path.of("/proc/sys/kernel/random/boot_id");

    /** The boot that runs now. */
    static BootId current() throws IOException {
        return new BootId(UUID.fromString(Files.readString(SOURCE).strip()));
    }
}
