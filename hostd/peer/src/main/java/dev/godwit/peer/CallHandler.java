package dev.godwit.peer;

/** Answers calls. Called in parallel, each call on its own virtual thread; may take long. */
public interface CallHandler {
    /**
     * Answers one call. A repeat of a call (same id) within the remembered time does not come here again.
     *
     * @param fromHost the caller's host id
     * @param method which call
     * @param json its argument, at most {@link PeerLimits#PAYLOAD_BYTES_MAX} minus a few hundred bytes
     * @return the answer, same bound
     * @throws PeerRefused the answer is no, with a code and a sentence for the caller
     */
    byte[] handle(String fromHost, String method, byte[] json) throws PeerRefused;
}
