package dev.godwit.net;

import dev.godwit.linux.BpfMap;
import java.io.IOException;
import java.net.InetAddress;
import java.util.HashSet;
import java.util.Set;

/** Underlay addresses of the hosts and edges that this host listens to. Thread-safe. */
public final class Peers {
    /** How many there can be. */
    public static final int MAX = 16_384;

    private final BpfMap peers;

    Peers(BpfMap peers) {
        this.peers = peers;
    }

    /** Listens to a peer. */
    public void add(InetAddress underlay) throws IOException {
        peers.put(Addresses.mapped(Addresses.station(underlay, "the peer")), Keys.number(1));
    }

    /** Listens to a peer no more. Absent is no error. */
    public void remove(InetAddress underlay) throws IOException {
        peers.remove(Addresses.mapped(underlay));
    }

    /** Makes these the peers: new ones first, then the others go. */
    public synchronized void set(Set<InetAddress> underlays) throws IOException {
        Set<InetAddress> gone = new HashSet<>(all());
        for (InetAddress underlay : underlays) {
            InetAddress peer = Addresses.station(underlay, "the peer");
            add(peer);
            gone.remove(peer);
        }
        for (InetAddress peer : gone) {
            remove(peer);
        }
    }

    /** All peers. */
    public Set<InetAddress> all() throws IOException {
        Set<InetAddress> all = new HashSet<>();
        for (byte[] key : peers.keys(MAX)) {
            all.add(Addresses.of(key));
        }
        return all;
    }
}
