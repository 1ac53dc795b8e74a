package dev.godwit.peer;

import java.io.IOException;

/** Bytes that no honest peer sends: the connection is closed. */
final class BadFrame extends IOException {
    BadFrame(String message) {
        super(message);
    }
}
