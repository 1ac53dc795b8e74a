package dev.godwit.api;

import org.jspecify.annotations.Nullable;

/**
 * Renews a VM's lease from now on.
 *
 * @param leaseSeconds the new time to live, 10 to 604,800; null: as before
 */
public record LeaseRenewal(@Nullable Integer leaseSeconds) {
    public LeaseRenewal {
        if (leaseSeconds != null) {
            Require.between("leaseSeconds", leaseSeconds, CreateVm.LEASE_SECONDS_MIN, CreateVm.LEASE_SECONDS_MAX);
        }
    }
}
