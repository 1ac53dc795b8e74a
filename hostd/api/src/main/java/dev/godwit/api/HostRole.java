package dev.godwit.api;

import java.util.Locale;

/** What a host is for. */
public enum HostRole {
    /** Runs VMs. */
    HOST,
    /** Owns public addresses as well; NAT and DNS for VMs. */
    EDGE;

    /** As it stands in JSON: lower case, words joined by {@code -}. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
