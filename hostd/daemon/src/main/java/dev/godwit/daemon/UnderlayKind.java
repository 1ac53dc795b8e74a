package dev.godwit.daemon;

import java.util.Locale;

/** What protects the packets of VMs between hosts. */
public enum UnderlayKind {
    /** The kernel's WireGuard; refused where it is missing. */
    WIREGUARD,
    /** Nothing: for a network between the hosts that is trusted. */
    PLAIN;

    /** As it stands in the configuration. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
