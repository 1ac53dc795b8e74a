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
    /** Its host is gone and nothing to recover it from was found. */
    LOST;

    /** As it stands in JSON: lower case, words joined by {@code -}. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
