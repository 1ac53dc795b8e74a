package dev.godwit.daemon;

import dev.godwit.net.Addresses;
import dev.godwit.net.Prefix;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The addresses of VMs in a routed network. The fleet store holds each VM's IPv4 address; its IPv6 address has the same
 * last bits, so every host knows it too.
 *
 * @param subnet IPv4
 * @param subnet6 null for a network without IPv6
 */
record VmAddresses(Prefix subnet, @Nullable Prefix subnet6) {
    static VmAddresses of(VmNetworkConfig config) {
        String v6 = config.subnet6();
        return new VmAddresses(Prefix.parse(config.subnet()), v6 == null ? null : Prefix.parse(v6));
    }

    /** Where addresses of VMs are. */
    List<Prefix> prefixes() {
        return subnet6 == null ? List.of(subnet) : List.of(subnet, subnet6);
    }

    /** All addresses of the VM that has this IPv4 address; none for a VM without one. */
    List<InetAddress> of(String address) {
        if (address.isEmpty()) {
            return List.of();
        }
        InetAddress v4 = Addresses.literal(address);
        List<InetAddress> all = new ArrayList<>(List.of(v4));
        if (subnet6 != null && subnet.covers(v4)) {
            all.add(v6(subnet6, v4));
        }
        return all;
    }

    private InetAddress v6(Prefix range, InetAddress v4) {
        byte[] octets = range.address().getAddress();
        byte[] host = v4.getAddress();
        int hostBits = Integer.SIZE - subnet.length();
        int number = (host[0] & 255) << 24 | (host[1] & 255) << 16 | (host[2] & 255) << 8 | host[3] & 255;
        number &= (1 << hostBits) - 1;
        for (int i = 0; i < Integer.BYTES; i++) {
            octets[octets.length - 1 - i] |= (byte) (number >>> 8 * i);
        }
        try {
            return InetAddress.getByAddress(octets);
        } catch (UnknownHostException impossible) {
            throw new IllegalStateException("an address of " + octets.length + " bytes", impossible);
        }
    }
}
