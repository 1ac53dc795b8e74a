package dev.godwit.fleet;

/** The VM's owner is known to the fleet, so nobody may take the VM over. */
public final class OwnerLives extends FleetStoreException {
    public OwnerLives(String message) {
        super(message);
    }
}
