package dev.godwit.edge;

import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/**
 * What an edge is told.
 *
 * @param edgeId the same after a restart, no other edge has it
 * @param leaseTtl how long the seat is an edge's without a renewal: a dead one is followed after it
 * @param resolvers asked for names that are not VMs'
 * @param dnsPort where VMs ask, on every gateway address
 * @param flowsMax connections that are copied from the other edge, at most
 * @param servedFence a file in a folder that is there; what it tells is valid for this run of the machine
 */
public record EdgeSpec(
        String edgeId,
        EdgeSides sides,
        Duration leaseTtl,
        List<InetSocketAddress> resolvers,
        DnsLimits dnsLimits,
        int dnsPort,
        int flowsMax,
        Path servedFence) {
    /** The port of DNS. */
    public static final int DNS_PORT = 53;

    /** As many as the kernel tracks by default; about 50 MiB of copies. */
    public static final int FLOWS_MAX = 262_144;

    public EdgeSpec {
        resolvers = List.copyOf(resolvers);
        if (flowsMax < 1) {
            throw new IllegalArgumentException("a copy of " + flowsMax + " connections is none");
        }
    }
}
