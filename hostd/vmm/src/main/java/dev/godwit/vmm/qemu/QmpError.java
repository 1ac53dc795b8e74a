package dev.godwit.vmm.qemu;

import java.io.IOException;

/** QEMU refused a monitor command. */
public final class QmpError extends IOException {
    private static final long serialVersionUID = 1L;

    private final String description;

    QmpError(String vmId, String command, String errorClass, String description) {
        super("QEMU of VM " + vmId + " refused " + command + ": " + description + " (" + errorClass + ")");
        this.description = description;
    }

    /** QEMU's own words. */
    public String description() {
        return description;
    }
}
