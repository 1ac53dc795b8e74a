package dev.godwit.peer;

import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** The receiving end of one stream. Never called by two threads at once; exactly one of onEnd and onLost is last. */
public interface StreamReceiver {
    /**
     * The next frame, in order, each exactly once. It counts as applied, and is acknowledged, when this returns.
     *
     * @param type the sender's frame type, 0..127
     * @param payload valid only during the call; direct
     * @return an answer for {@link PeerStream#request}, or null; at most {@link PeerLimits#REPLY_BYTES_MAX}
     * @throws IOException the frame can't be applied: the stream is over and the sender is told the message
     */
    byte @Nullable [] onFrame(int type, ByteBuffer payload) throws IOException;

    /** The sender has ended the stream in order; everything was applied. */
    void onEnd();

    /** The stream is over before its end. */
    void onLost(String reason);
}
