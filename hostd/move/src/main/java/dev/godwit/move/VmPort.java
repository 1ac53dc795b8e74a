package dev.godwit.move;

import java.io.IOException;
import java.nio.file.Path;

/** The VM at the source. Every call may be repeated without harm. */
public interface VmPort {
    /** Pauses the guest; returns when all requests in flight are answered and the disk is flushed. */
    void pause() throws IOException;

    /**
     * Lets the guest run under this fence. Called only after the ownership record was seen to name this host with it.
     * Returns quietly when it runs already.
     */
    void resume(long fence) throws IOException;

    /** Writes the paused guest's device state to a unix socket that somebody listens on. */
    void saveState(Path listeningSocket) throws IOException;

    /**
     * Whether this copy's process is known to have ended. False is no promise: one that does not answer, or that hostd has
     * not taken back yet, may still run.
     */
    boolean isGone();

    /** Ends the paused copy and frees what it holds; returns when it is gone. */
    void discard() throws IOException;
}
