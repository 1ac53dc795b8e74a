package dev.godwit.api;

import java.util.Locale;

/** What a client may rely on beside the first version's routes. */
public enum Feature {
    /** {@code key} in {@link CreateVm}: the same request twice makes one VM. */
    CREATE_OR_ATTACH,
    /** {@code owner} and {@code labels} in {@link CreateVm}, and lists narrowed by them. */
    LABELS,
    /** {@code leaseSeconds} in {@link CreateVm}, and its renewal. */
    LEASE,
    /** A request for a VM that this host has no room for is passed on to one that has. */
    PLACEMENT,
    /** {@code project} in {@link CreateVm}, and {@code /v1/networks}. */
    NETWORKS,
    /** Events are sent again after {@code Last-Event-ID}. */
    RESUMABLE_EVENTS;

    /** As it stands in JSON: lower case, words joined by {@code -}. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
