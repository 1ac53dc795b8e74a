package dev.godwit.peer;

/** Takes streams in. Called on the connection's thread, one stream at a time: be quick. */
public interface StreamHandler {
    /**
     * A peer opens a stream. Not called again when the same stream resumes after a dropped connection.
     *
     * @param fromHost the sender's host id
     * @param streamId chosen by the sender
     * @param helloJson what the sender says of the stream
     * @throws PeerRefused the stream is not wanted
     */
    StreamReceiver open(String fromHost, String streamId, byte[] helloJson) throws PeerRefused;
}
