package dev.godwit.api;

import java.util.Locale;

/** What happened to a flow. */
public enum FlowKind {
    /** Its first packet was let pass. */
    OPENED,
    /** One side has nothing more to send (a FIN). */
    CLOSING,
    /** One side broke it off (a RST). */
    RESET,
    /** A packet was dropped; the reason says why. */
    DENIED;

    /** As it stands in JSON: lower case. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
