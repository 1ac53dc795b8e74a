package dev.godwit.peer;

import java.io.IOException;
import java.nio.channels.ByteChannel;
import org.jspecify.annotations.Nullable;

/** One blocking connection to or from a peer. One thread reads, any thread writes whole, any thread closes. */
public interface PeerChannel extends ByteChannel {
    /**
     * Agrees on keys and on who is at the other end, before anything else is read or written; returns when that is done.
     *
     * @throws IOException the other end is nobody to talk to
     */
    void secure() throws IOException;

    /** The id of the host at the other end as its certificate has it; null where nobody shows one. */
    @Nullable
    String host();

    /** Whether what the other end has shown still counts. */
    boolean stillGood();

    /** The other end is a peer: much will come and go. Called by the reading thread. */
    void widen();
}
