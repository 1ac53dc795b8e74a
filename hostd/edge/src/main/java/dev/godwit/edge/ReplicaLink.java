package dev.godwit.edge;

import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * The active edge's way to one stand-by: whole messages, in order, each once or not at all with all that follow. Used by
 * one thread; closed by any.
 */
public interface ReplicaLink extends AutoCloseable {
    /** Bytes of the largest message. */
    int MESSAGE_BYTES_MAX = 32 << 10;

    /** Opens a way to one stand-by. */
    interface Dialer {
        /**
         * Connects; returns when the stand-by answers.
         *
         * @throws IOException it does not
         */
        ReplicaLink open() throws IOException;
    }

    /**
     * Sends one message; returns when it is on its way. Blocks while the stand-by is too far behind.
     *
     * @throws IOException the link is lost, or was closed; another one has to be opened, which begins with everything
     */
    void send(ByteBuffer message) throws IOException;

    /** Gives the link up; a send that blocks fails. Idempotent. */
    @Override
    void close();
}
