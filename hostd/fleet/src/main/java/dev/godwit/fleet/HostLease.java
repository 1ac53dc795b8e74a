package dev.godwit.fleet;

/** A host's right to let its VMs speak, renewed by the store until closed. Thread-safe. */
public interface HostLease extends AutoCloseable {
    HostRecord host();

    /**
     * Until when this host may count on its lease, by the clock given to the store: two thirds of the time to live after
     * the *send* of the last renewal that succeeded. The other hosts wait for the whole of it. {@link Long#MAX_VALUE}
     * where there is nobody to lose it to.
     */
    long validUntilNanos();

    /** Whether the store's clock is before {@link #validUntilNanos()}. */
    boolean isValid();

    /** Withdraws the host record (best effort) and stops the renewal. */
    @Override
    void close();
}
