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

    /** Brings to the medium what the guest has written to this host's disks, since a pause ends with a flush. The VM runs. */
    void flushDisks() throws IOException;

    /** Sends what the running VM writes while something else is done, so that little is left when it pauses. */
    KeepingUp keepUp() throws IOException;

    /** Rounds that go on until they are closed. */
    @FunctionalInterface
    interface KeepingUp extends AutoCloseable {
        /**
         * Ends with the round in progress.
         *
         * @throws IOException a round failed
         */
        @Override
        void close() throws IOException;
    }

    /**
     * Sends what is left of the paused VM: its pages, those that the saving of its device state wrote, and then the device
     * state. The saving is over when this returns or throws.
     */
    void sendRest(StateSource source) throws IOException;

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
