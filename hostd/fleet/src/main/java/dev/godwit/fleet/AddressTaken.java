package dev.godwit.fleet;

/** Another VM has this address, or none is free. */
public final class AddressTaken extends FleetStoreException {
    public AddressTaken(String message) {
        super(message);
    }
}
