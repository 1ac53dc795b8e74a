package dev.godwit.replication;

import java.io.IOException;
import java.io.OutputStream;

/** Where device state goes at the target: the socket of a VMM that waits for it. */
@FunctionalInterface
public interface StateOutlet {
    /**
     * Opened once, when the first byte of state is there and every page sent before it is applied. Closed at the end of
     * the state, or when the replication is lost.
     */
    OutputStream open() throws IOException;
}
