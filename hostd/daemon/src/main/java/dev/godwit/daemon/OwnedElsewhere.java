package dev.godwit.daemon;

import java.io.IOException;

/** A VM that was asked for here is another host's; the request has to go there. */
public final class OwnedElsewhere extends IOException {
    private static final long serialVersionUID = 1L;

    OwnedElsewhere(String vmId, String owner) {
        super("VM " + vmId + " belongs to host " + owner);
    }
}
