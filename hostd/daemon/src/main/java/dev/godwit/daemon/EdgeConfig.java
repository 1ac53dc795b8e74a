package dev.godwit.daemon;

import dev.godwit.edge.EdgeElection;
import dev.godwit.edge.PublicAddress;
import dev.godwit.net.Addresses;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * {@code edge}: the public side, for {@code role: edge}.
 *
 * @param publicDevice the interface to the world
 * @param publicAddresses the fleet's, the same on every edge; the first of IPv4 is what VMs' connections come from
 * @param floating true (default): they go with the seat, and belong to no host by themselves. False: they are this host's
 *     own; there is no second edge then
 * @param resolvers IP addresses of DNS servers, asked for all names but VMs'; default none
 * @param lease how long a dead edge is waited for, default 3s
 * @param claimCommand program and arguments that move a public address here, for clouds; run with {@code claim} or
 *     {@code release} and the address; default none
 */
public record EdgeConfig(
        String publicDevice,
        List<String> publicAddresses,
        @Nullable Boolean floating,
        @Nullable List<String> resolvers,
        @Nullable Duration lease,
        @Nullable List<String> claimCommand) {
    private static final Duration LEASE = Duration.ofSeconds(3);
    private static final Duration LEASE_MOST = Duration.ofMinutes(5);
    private static final int DNS_PORT = 53;

    public EdgeConfig {
        if (publicDevice == null || publicAddresses == null || publicAddresses.isEmpty()) {
            throw new IllegalArgumentException("edge needs public-device and at least one of public-addresses");
        }
        publicAddresses = List.copyOf(publicAddresses);
        floating = floating == null || floating;
        resolvers = resolvers == null ? List.of() : List.copyOf(resolvers);
        lease = lease == null ? LEASE : lease;
        claimCommand = claimCommand == null ? List.of() : List.copyOf(claimCommand);
        if (lease.compareTo(EdgeElection.TTL_LEAST) < 0 || lease.compareTo(LEASE_MOST) > 0) {
            throw new IllegalArgumentException(
                    "edge lease " + lease + " is not between " + EdgeElection.TTL_LEAST + " and " + LEASE_MOST);
        }
        for (String address : publicAddresses) {
            literal("public address", address);
        }
        for (String resolver : resolvers) {
            literal("resolver", resolver);
        }
    }

    private static void literal(String what, String address) {
        try {
            Addresses.literal(address);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("edge " + what + " \"" + address + "\" is not an IP address", e);
        }
    }

    /** The public addresses. */
    List<PublicAddress> addresses() {
        boolean floats = Boolean.TRUE.equals(floating);
        return publicAddresses.stream()
                .map(address -> new PublicAddress(Addresses.literal(address), floats))
                .toList();
    }

    /** How long a dead edge is waited for. */
    Duration leaseOrDefault() {
        return lease == null ? LEASE : lease;
    }

    /** The operator's program, if there is one. */
    List<String> claimCommandOrNone() {
        return claimCommand == null ? List.of() : claimCommand;
    }

    /** Where the DNS servers answer. */
    List<InetSocketAddress> resolverAddresses() {
        return resolvers == null
                ? List.of()
                : resolvers.stream()
                        .map(address -> new InetSocketAddress(Addresses.literal(address), DNS_PORT))
                        .toList();
    }
}
