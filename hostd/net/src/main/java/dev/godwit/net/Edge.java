package dev.godwit.net;

import java.net.InetAddress;
import java.util.Optional;

/**
 * The way out of a network.
 *
 * @param vni the network
 * @param host underlay address of the active edge; a peer too
 * @param other underlay address of the stand-by, which may also speak for the outside; a peer too
 */
public record Edge(int vni, InetAddress host, Optional<InetAddress> other) {
    public Edge {
        VmAddress.requireVni(vni);
        host = Addresses.station(host, "the edge");
        other = other.map(edge -> Addresses.station(edge, "the stand-by edge"));
    }
}
