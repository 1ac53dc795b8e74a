package dev.godwit.vmm.qemu;

import java.io.IOException;
import java.time.Duration;

/** QEMU did not answer a monitor command in time. It may still carry it out. */
public final class QmpTimeout extends IOException {
    private static final long serialVersionUID = 1L;

    QmpTimeout(String vmId, String command, Duration timeout) {
        super("QEMU of VM " + vmId + " did not answer " + command + " within " + timeout.toMillis()
                + " ms; it may still carry it out");
    }
}
