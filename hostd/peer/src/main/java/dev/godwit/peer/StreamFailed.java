package dev.godwit.peer;

import java.io.IOException;

/** A stream is over and can't go on: refused by the receiver, abandoned, stalled or closed. */
public final class StreamFailed extends IOException {
    StreamFailed(String message) {
        super(message);
    }

    StreamFailed(String message, Throwable cause) {
        super(message, cause);
    }
}
