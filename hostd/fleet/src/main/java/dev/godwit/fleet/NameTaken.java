package dev.godwit.fleet;

/** Another VM has this name. */
public final class NameTaken extends FleetStoreException {
    public NameTaken(String message) {
        super(message);
    }
}
