package dev.godwit.daemon;

import dev.godwit.net.Location;
import dev.godwit.net.VmAddress;
import java.io.IOException;
import java.net.InetAddress;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Where the data plane keeps what it is told of the fleet. */
interface LocationTable {
    /**
     * Writes a location.
     *
     * @return false: a higher fence stands, and nothing was written
     */
    boolean put(Location location) throws IOException;

    /** Forgets an address, unless a higher fence stands. */
    void remove(VmAddress address, long fence) throws IOException;

    /** Every address that it has, and the fence that stands for it. */
    Map<VmAddress, Long> fences() throws IOException;

    /** The hosts and edges that packets are taken from. */
    void peers(Set<InetAddress> underlays) throws IOException;

    /**
     * The way out of a network.
     *
     * @param vni the network's number
     * @param underlays of the edges: the active one first, then its stand-by; empty for a fleet without one
     */
    void edges(int vni, List<InetAddress> underlays) throws IOException;

    /** The way out of a network as it stands, the active edge first; empty for none. */
    List<InetAddress> edges(int vni) throws IOException;
}
