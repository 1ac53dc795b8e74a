package dev.godwit.api;

import java.util.Locale;

/** What a VM does. */
public enum VmState {
    CREATING,
    RUNNING,
    /** Stopped for a moment by hostd, or until its disk has room again. */
    PAUSED,
    /** Runs, and is on its way to another host. */
    MOVING,
    /** Shut down; its disk stays. */
    STOPPED,
    /** Its VMM died or the guest gave up; the event says why. */
    FAILED,
    /** Its guest did not come up, its VMM died, or its host is gone; the event says which. */
    LOST,
    /** Its host does not answer now and is not known to be gone; the rest is told by the ownership record. */
    UNKNOWN;

    /** As it stands in JSON: lower case, words joined by {@code -}. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
