package dev.godwit.peer;

import java.io.IOException;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;

/**
 * This host's way to one peer: calls over one shared connection, made when first needed and again when lost, and streams
 * over connections of their own. Thread-safe.
 */
public final class PeerLink implements AutoCloseable {
    private final PeerLimits limits;
    private final Watch watch;
    private final Dialer dialer;
    private final CallConnections calls;
    private final Set<PeerStream> streams = ConcurrentHashMap.newKeySet();

    /**
     * Connects to nothing yet.
     *
     * @param peer address of the other host's peer port
     * @param hostId what this host calls itself
     */
    public PeerLink(SocketAddress peer, String hostId, PeerLimits limits, PeerSockets sockets) {
        this.limits = limits;
        String name = new Hello(hostId, Hello.Use.CALLS).host();
        this.watch = new Watch("peer-watch-" + name + "-to-" + peer, limits.silenceAfter());
        this.dialer = new Dialer(peer, name, limits, sockets, watch);
        this.calls = new CallConnections(dialer);
    }

    /**
     * Calls the peer. When the connection is lost before the answer, the call is sent again with the same id, and the
     * peer gives the answer it has or had; a peer that was restarted meanwhile acts twice, so methods carry ids of their
     * own. Calls run in parallel.
     *
     * @param timeout for everything: connecting, waiting, repeats
     * @throws PeerRefused the peer said no
     * @throws PeerUnreachable no answer within {@code timeout}; whether the peer acted is not known
     */
    public byte[] call(String method, byte[] json, Duration timeout) throws IOException {
        return calls.call(UUID.randomUUID(), method, json, timeout, true);
    }

    /**
     * Like {@link #call}, but a call that may have reached the peer is not sent again.
     *
     * @throws PeerUnreachable no answer within {@code timeout}, or the connection was lost before the answer
     */
    public byte[] callOnce(String method, byte[] json, Duration timeout) throws IOException {
        return calls.call(UUID.randomUUID(), method, json, timeout, false);
    }

    /**
     * Opens a stream; returns when the peer has taken it. The caller closes it.
     *
     * @param streamId unique among all streams to this peer, 1 to 256 bytes; never used again
     * @param helloJson for the peer's {@link StreamHandler}
     * @throws PeerRefused the peer does not want it
     * @throws PeerUnreachable the peer could not be reached within two connect time-outs
     */
    public PeerStream openStream(String streamId, byte[] helloJson) throws IOException {
        PeerStream stream = new PeerStream(streamId, helloJson, dialer);
        streams.removeIf(PeerStream::isClosed);
        streams.add(stream);
        stream.open(limits.connectTimeout().multipliedBy(2));
        return stream;
    }

    /** Closes every connection; calls in flight fail, streams that are not finished are given up. */
    @Override
    public void close() {
        streams.forEach(PeerStream::close);
        calls.close();
        watch.close();
    }
}
