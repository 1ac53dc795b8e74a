package dev.godwit.lab.warm;

import dev.godwit.vmm.Accelerator;
import dev.godwit.vmm.CpuTemplate;
import dev.godwit.vmm.VmmDriver;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * All that a saved state depends on; another word here is another state.
 *
 * @param text one line a dependency
 */
record StateKey(String text) {
    /** Of the files' layout: another number makes every earlier state unknown. */
    private static final int FORMAT = 1;

    static StateKey of(
            GuestImage image,
            GuestShape shape,
            VmmDriver.Probe probe,
            Accelerator accelerator,
            CpuTemplate cpu,
            Path ramHandOver)
            throws IOException {
        return new StateKey("""
                format %d
                image %s
                vmm %s, machine %s, accelerator %s
                cpu %s, %s %s
                shape %d vCPUs, %d MiB of RAM, %d MiB of disk
                ram-handover %s
                """.formatted(
                        FORMAT,
                        image.digest(),
                        probe.vmmVersion(),
                        probe.machineType(),
                        accelerator,
                        cpu.name(),
                        cpu.model(),
                        cpu.flags(),
                        shape.vcpus(),
                        shape.memoryMib(),
                        shape.diskMib(),
                        sha256(Files.readAllBytes(ramHandOver))));
    }

    /** The name of the state's folder: 32 hex digits. */
    String name() {
        return sha256(text.getBytes(StandardCharsets.UTF_8)).substring(0, 32);
    }

    private static String sha256(byte[] bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}
