package dev.godwit.lab;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;

/**
 * A host whose CPU lacks AES: in its own mount namespace QEMU is a script that takes the flag away, as a machine does that
 * never had it. hostd asks its QEMU once, so it is to be started after this.
 */
record LesserCpu(LabHost host) implements AutoCloseable {
    private static final String QEMU = "/usr/bin/qemu-system-x86_64";
    /** A name beside QEMU's, since QEMU looks for its firmware from where it lies; the host has no other use for it. */
    private static final String ASIDE = "/usr/bin/qemu-system-i386";

    static LesserCpu of(LabHost host) throws IOException {
        Path script = host.directory().resolve("qemu-without-aes");
        Files.writeString(script, """
                #!/bin/bash
                exec %s "${@/,+aes/,-aes}"
                """.formatted(ASIDE));
        Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rwxr-xr-x"));
        host.machine().run("mount", "--bind", QEMU, ASIDE);
        host.machine().run("mount", "--bind", "/run/godwit-host/" + script.getFileName(), QEMU);
        return new LesserCpu(host);
    }

    @Override
    public void close() {
        host.machine().run("umount", "--lazy", QEMU);
        host.machine().run("umount", "--lazy", ASIDE);
    }
}
