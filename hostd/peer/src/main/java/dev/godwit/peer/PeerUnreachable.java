package dev.godwit.peer;

import java.io.IOException;

/** No answer came: the peer can't be reached, or the answer was lost. Whether it acted is not known. */
public final class PeerUnreachable extends IOException {
    PeerUnreachable(String message) {
        super(message);
    }

    PeerUnreachable(String message, Throwable cause) {
        super(message, cause);
    }
}
