package dev.godwit.fleet;

import org.jspecify.annotations.Nullable;

/** The store was not reached, or did not answer a read, in time; nothing was written by this call. */
public final class FleetStoreUnavailable extends FleetStoreException {
    public FleetStoreUnavailable(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
