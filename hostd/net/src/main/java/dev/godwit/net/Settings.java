package dev.godwit.net;

import java.net.InetAddress;

/**
 * What the programs know about their host.
 *
 * @param underlay the host's own address in the underlay, which peers know it by
 * @param vxlanIndex interface number of the VXLAN device in external mode
 * @param stackMark fwmark on packets that go to the host's own network stack (local egress, or the edge's NAT)
 */
public record Settings(InetAddress underlay, int vxlanIndex, int stackMark) {
    /** What {@link #stackMark} is unless told otherwise. */
    public static final int STACK_MARK = 0x6f640001;

    public Settings {
        underlay = Addresses.station(underlay, "the host's underlay address");
        if (vxlanIndex < 1) {
            throw new IllegalArgumentException("interface number " + vxlanIndex + " is below 1");
        }
    }
}
