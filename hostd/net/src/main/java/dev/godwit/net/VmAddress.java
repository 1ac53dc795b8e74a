package dev.godwit.net;

import java.net.InetAddress;

/**
 * An address of a VM in its network.
 *
 * @param vni the network, 1 to 4194303 (bit 22 of the wire's 24 says "forwarded once")
 * @param address IPv4 or IPv6, fleet-wide
 */
public record VmAddress(int vni, InetAddress address) {
    /** The highest network number. */
    public static final int VNI_MAX = (1 << 22) - 1;

    public VmAddress {
        requireVni(vni);
        address = Addresses.station(address, "the VM address");
    }

    static int requireVni(int vni) {
        if (vni < 1 || vni > VNI_MAX) {
            throw new IllegalArgumentException("network number " + vni + " is not between 1 and " + VNI_MAX);
        }
        return vni;
    }

    @Override
    public String toString() {
        return address.getHostAddress() + " in network " + vni;
    }
}
