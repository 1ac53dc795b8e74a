package dev.godwit.edge;

import dev.godwit.net.Prefix;
import java.net.InetAddress;
import java.util.List;
import java.util.regex.Pattern;

/**
 * What an edge stands between.
 *
 * @param publicDevice the interface to the world
 * @param publicAddresses the first of IPv4 is what VMs' connections come from
 * @param vmDevice the interface to the VMs: the edge's vxlan device
 * @param vmPrefixes where VMs have their addresses; those of IPv6 are known to the world as they are
 * @param gateways the addresses of the edge that VMs see, and ask for names
 */
public record EdgeSides(
        String publicDevice,
        List<PublicAddress> publicAddresses,
        String vmDevice,
        List<Prefix> vmPrefixes,
        List<InetAddress> gateways) {
    private static final Pattern DEVICE = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,14}");

    public EdgeSides {
        publicAddresses = List.copyOf(publicAddresses);
        vmPrefixes = List.copyOf(vmPrefixes);
        gateways = List.copyOf(gateways);
        requireDevice(publicDevice);
        requireDevice(vmDevice);
        if (publicDevice.equals(vmDevice)) {
            throw new IllegalArgumentException("interface '" + vmDevice + "' can't be both sides of an edge");
        }
        for (PublicAddress address : publicAddresses) {
            for (Prefix prefix : vmPrefixes) {
                if (prefix.covers(address.address())) {
                    throw new IllegalArgumentException(
                            "public address " + address.address().getHostAddress() + " lies in the VMs' " + prefix);
                }
            }
        }
    }

    private static void requireDevice(String name) {
        if (!DEVICE.matcher(name).matches()) {
            throw new IllegalArgumentException("'" + name + "' is not the name of an interface: 1 to 15 letters,"
                    + " digits, '.', '_' or '-', beginning with a letter or digit");
        }
    }

    /** Whether an address may be a VM's. */
    boolean isVm(InetAddress address) {
        return vmPrefixes.stream().anyMatch(prefix -> prefix.covers(address));
    }

    boolean isPublic(InetAddress address) {
        return publicAddresses.stream().anyMatch(known -> known.address().equals(address));
    }
}
