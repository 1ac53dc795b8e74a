package dev.godwit.fleet;

/** A live host has this id already. */
public final class HostIdTaken extends FleetStoreException {
    public HostIdTaken(String message) {
        super(message);
    }
}
