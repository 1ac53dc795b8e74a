package dev.godwit.fleet;

import org.jspecify.annotations.Nullable;

/** A fleet store call that did not do what was asked. */
public abstract sealed class FleetStoreException extends Exception
        permits AddressTaken,
                DocumentChanged,
                FleetStoreUnavailable,
                HostIdTaken,
                NameTaken,
                OutcomeUnknown,
                OwnerLives,
                OwnershipConflict {
    FleetStoreException(String message) {
        super(message);
    }

    FleetStoreException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
