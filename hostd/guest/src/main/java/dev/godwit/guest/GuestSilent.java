package dev.godwit.guest;

/** No answer came in time: the VM is paused, not yet booted, overloaded or gone. The request may have been carried out. */
public final class GuestSilent extends GuestException {
    private static final long serialVersionUID = 1;

    public GuestSilent(String message) {
        super(message);
    }

    public GuestSilent(String message, Throwable cause) {
        super(message, cause);
    }
}
