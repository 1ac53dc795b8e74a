package dev.godwit.move;

import java.io.IOException;
import java.nio.file.Path;

/**
 * The stream of one move, from the source's side. Called from one thread, in the order of the methods here. A lost
 * connection that can be resumed is the stream's own matter; an {@link IOException} means that it gave up.
 */
public interface StreamPort extends AutoCloseable {
    /** Something that writes the paused guest's device state to a unix stream socket that somebody listens on. */
    @FunctionalInterface
    interface StateSource {
        void saveState(Path listeningSocket) throws IOException;
    }

    /** Connects, opens the sinks' dirty sets. The VM runs. */
    void start() throws IOException;

    /** Sends what the sinks lack; returns when the target has applied it. The VM runs. */
    RoundReport round() throws IOException;

    /**
     * Brings to the medium what the guest has written to this host's disks, and sends what it wrote meanwhile: the pause
     * begins with a flush and a round, which then find little. The VM runs.
     */
    void flushDisks() throws IOException;

    /** Sends what is left. The VM is paused. */
    void finalRound() throws IOException;

    /** Sends the pages that the state's saving wrote, and then the device state. The VM is paused. */
    void sendState(StateSource source) throws IOException;

    /**
     * Sends the seal, if nothing was written since the device state was sent. The target can commit from the moment this
     * is called, whether it returns or not.
     */
    void seal() throws IOException;

    /** What went over the socket so far. */
    BytesSent bytesSent();

    /** Lets go of connection and dirty sets; never fails. */
    @Override
    void close();
}
