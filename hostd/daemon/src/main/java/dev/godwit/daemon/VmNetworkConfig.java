package dev.godwit.daemon;

import dev.godwit.net.Addresses;
import dev.godwit.net.Prefix;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * {@code vm-network}: what VMs are connected to. Either a segment that all hosts share ({@code bridge}, {@code subnet},
 * {@code gateway}), or a routed network over whatever joins the hosts ({@code subnet}, {@code underlay-address} and the
 * optional keys).
 *
 * @param bridge a bridge that exists; with it goes {@code gateway} and nothing of a routed network
 * @param subnet IPv4 addresses of VMs, for example {@code 10.77.0.0/24}; the same on every host of the fleet
 * @param gateway an address in the subnet
 * @param subnet6 IPv6 addresses of VMs, a prefix of 32 to 104 bits; the same on every host; default none
 * @param underlay {@code wireguard} (default) or {@code plain}
 * @param underlayAddress this host's own address, which the other hosts send packets for its VMs to
 * @param closed prefixes that no VM may open a connection to: the hosts' own networks, beside what hostd knows by itself
 */
public record VmNetworkConfig(
        @Nullable String bridge,
        String subnet,
        @Nullable String gateway,
        @Nullable String subnet6,
        @Nullable UnderlayKind underlay,
        @Nullable String underlayAddress,
        @Nullable List<String> closed) {
    private static final Pattern INTERFACE = Pattern.compile("[A-Za-z0-9._-]{1,15}");
    /** A policy holds 256 rules, and what hostd closes by itself takes its part. */
    private static final int CLOSED_MOST = 64;

    private static final int SUBNET6_BITS_LEAST = 32;
    /** As many addresses as the largest IPv4 subnet has: each VM's end is that of its IPv4 address. */
    private static final int SUBNET6_BITS_MOST = 104;

    public VmNetworkConfig {
        if (subnet == null || subnet.indexOf('/') < 0) {
            throw new IllegalArgumentException("vm-network subnet \"" + subnet + "\" is not such as 10.77.0.0/24");
        }
        Prefix range = prefix("subnet", subnet);
        if (!(range.address() instanceof Inet4Address) || range.length() < 8 || range.length() > 29) {
            throw new IllegalArgumentException("vm-network subnet \"" + subnet
                    + "\" is not a range of IPv4 addresses with a prefix of 8 to 29 bits");
        }
        if (bridge != null) {
            requireSegment(bridge, range, gateway);
            if (Stream.of(subnet6, underlay, underlayAddress, closed).anyMatch(key -> key != null)) {
                throw new IllegalArgumentException("vm-network has a bridge, and subnet6, underlay, underlay-address or"
                        + " closed, which belong to a routed network: take out the one or the other");
            }
        } else {
            requireRouted(underlayAddress, gateway);
            underlay = underlay == null ? UnderlayKind.WIREGUARD : underlay;
            closed = closed == null ? List.of() : List.copyOf(closed);
            requireClosed(closed);
            requireSubnet6(subnet6);
        }
    }

    /** A segment that all hosts share. */
    public static VmNetworkConfig segment(String bridge, String subnet, String gateway) {
        return new VmNetworkConfig(bridge, subnet, gateway, null, null, null, null);
    }

    /** Whether hosts need nothing in common but a route to each other. */
    public boolean isRouted() {
        return bridge == null;
    }

    private static void requireSegment(String bridge, Prefix range, @Nullable String gateway) {
        if (!INTERFACE.matcher(bridge).matches()) {
            throw new IllegalArgumentException("vm-network bridge \"" + bridge + "\" is not the name of an interface");
        }
        if (gateway == null || !range.covers(address("gateway", gateway))) {
            throw new IllegalArgumentException("vm-network gateway \"" + gateway + "\" is not in subnet " + range);
        }
    }

    private static void requireRouted(@Nullable String underlayAddress, @Nullable String gateway) {
        if (underlayAddress == null) {
            throw new IllegalArgumentException("vm-network needs a bridge (with subnet and gateway), or the"
                    + " underlay-address of this host for a routed network");
        }
        if (!(address("underlay-address", underlayAddress) instanceof Inet4Address)) {
            throw new IllegalArgumentException(
                    "vm-network underlay-address \"" + underlayAddress + "\" is not an IPv4 address");
        }
        if (gateway != null) {
            throw new IllegalArgumentException("vm-network gateway \"" + gateway + "\" belongs to a bridge: in a routed"
                    + " network every host is the gateway of its VMs");
        }
    }

    private static void requireClosed(List<String> closed) {
        if (closed.size() > CLOSED_MOST) {
            throw new IllegalArgumentException(
                    "vm-network closed has " + closed.size() + " prefixes, most is " + CLOSED_MOST);
        }
        closed.forEach(prefix -> prefix("closed", prefix));
    }

    private static void requireSubnet6(@Nullable String subnet6) {
        if (subnet6 == null) {
            return;
        }
        Prefix range = prefix("subnet6", subnet6);
        if (range.address() instanceof Inet4Address
                || range.length() < SUBNET6_BITS_LEAST
                || range.length() > SUBNET6_BITS_MOST) {
            throw new IllegalArgumentException("vm-network subnet6 \"" + subnet6
                    + "\" is not a range of IPv6 addresses with a prefix of " + SUBNET6_BITS_LEAST + " to "
                    + SUBNET6_BITS_MOST + " bits");
        }
    }

    private static Prefix prefix(String key, String text) {
        try {
            return Prefix.parse(text);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("vm-network " + key + " \"" + text + "\": " + e.getMessage(), e);
        }
    }

    private static InetAddress address(String key, String text) {
        try {
            return Addresses.literal(text);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("vm-network " + key + " \"" + text + "\" is not an address", e);
        }
    }
}
