package dev.godwit.guest;

import java.io.IOException;

/** A request to a guest did not succeed; the message names the VM, the request and the reason. */
public class GuestException extends IOException {
    private static final long serialVersionUID = 1;

    public GuestException(String message) {
        super(message);
    }

    public GuestException(String message, Throwable cause) {
        super(message, cause);
    }
}
