package dev.godwit.nbd;

import java.io.IOException;

/** A client sent what no client of the protocol sends; its connection ends. */
final class ProtocolViolation extends IOException {
    private static final long serialVersionUID = 1L;

    ProtocolViolation(String what) {
        super(what);
    }
}
