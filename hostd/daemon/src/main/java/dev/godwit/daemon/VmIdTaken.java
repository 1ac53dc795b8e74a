package dev.godwit.daemon;

import java.io.IOException;

/** The fleet store has a record of this VM id: somebody made it a moment ago. */
final class VmIdTaken extends IOException {
    private static final long serialVersionUID = 1L;

    VmIdTaken(String vmId) {
        super("VM " + vmId + " is being made here");
    }

    VmIdTaken(String vmId, Throwable cause) {
        super("there is a VM " + vmId + " already", cause);
    }
}
