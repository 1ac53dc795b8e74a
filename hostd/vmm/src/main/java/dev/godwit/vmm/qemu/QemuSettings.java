package dev.godwit.vmm.qemu;

import dev.godwit.vmm.Cgroups;
import java.nio.file.Path;
import java.time.Duration;

/**
 * What the driver needs to know of its host.
 *
 * @param qemu {@code qemu-system-x86_64}
 * @param launcher our {@code vmm-launch}
 * @param preload our {@code libram-handover.so}
 * @param scratch a directory for the probe's files; made when it is not there
 * @param cgroups where VMs are bounded
 * @param handOverTimeout within it a VMM has handed its RAM over, or is refused
 */
public record QemuSettings(
        Path qemu, Path launcher, Path preload, Path scratch, Cgroups cgroups, Duration handOverTimeout) {
    /** Where distributions put it. */
    public static final Path DEFAULT_QEMU = Path.of("/usr/bin/qemu-system-x86_64");

    /** Checks the time-out. */
    public QemuSettings {
        if (handOverTimeout.isNegative() || handOverTimeout.isZero() || handOverTimeout.toMinutes() > 10) {
            throw new IllegalArgumentException(
                    "hand-over time-out " + handOverTimeout + " is not between 1 ms and 10 minutes");
        }
    }
}
