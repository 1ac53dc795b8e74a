package dev.godwit.vmm;

/**
 * Whether this host can see what a running guest writes; shown in the host's status.
 *
 * @param works false: the host offers stop-and-copy only
 * @param mechanism for example {@code uffd-wp-async}; {@code none} when it does not work
 * @param reason why not, and what to do; empty when it works
 */
public record Tracking(boolean works, String mechanism, String reason) {
    static Tracking with(String mechanism) {
        return new Tracking(true, mechanism, "");
    }

    static Tracking without(String reason) {
        return new Tracking(false, "none", reason);
    }
}
