package dev.godwit.api;

import java.util.Locale;

/** Whether a host takes VMs. */
public enum HostState {
    READY,
    /** Takes no VM; its reason says why. */
    UNFIT,
    DRAINING,
    /** Has no VM any more and may be shut down. */
    DRAINED,
    /** Its lease in the fleet store ran out. */
    GONE;

    /** As it stands in JSON: lower case, words joined by {@code -}. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
