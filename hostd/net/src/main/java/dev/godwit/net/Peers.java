package dev.godwit.net;

import java.io.IOException;
import java.net.InetAddress;
import java.util.Set;

/** Underlay addresses of the hosts and edges that this host listens to. Thread-safe. */
public final class Peers {
    /** How many there can be. */
    public static final int MAX = 16_384;

    /** Listens to a peer. */
    public void add(InetAddress underlay) throws IOException {
        throw new UnsupportedOperationException();
    }

    /** Listens to a peer no more. Absent is no error. */
    public void remove(InetAddress underlay) throws IOException {
        throw new UnsupportedOperationException();
    }

    /** Makes these the peers: new ones first, then the others go. */
    public void set(Set<InetAddress> underlays) throws IOException {
        throw new UnsupportedOperationException();
    }

    /** All peers. */
    public Set<InetAddress> all() throws IOException {
        throw new UnsupportedOperationException();
    }
}
