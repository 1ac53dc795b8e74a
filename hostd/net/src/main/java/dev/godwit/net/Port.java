package dev.godwit.net;

import java.net.InetAddress;
import java.util.List;
import java.util.Optional;

/**
 * A VM's place at this host, as the programs know it.
 *
 * @param vni its network
 * @param mac the guest's Ethernet address
 * @param addresses all that the VM may speak as and is reached by; 1 to 16
 * @param tapIndex the tap's interface number in hostd's network namespace
 * @param policyId under which its policy stands in {@link Policies}
 * @param mtu bytes of IP that the guest may send in one packet, 1280 to 65535
 * @param forwardTo underlay address; present exactly in state FORWARD
 */
public record Port(
        int vni,
        MacAddress mac,
        List<InetAddress> addresses,
        int tapIndex,
        int policyId,
        int mtu,
        PortState state,
        Optional<InetAddress> forwardTo) {
    /** How many addresses a VM can have. */
    public static final int ADDRESSES_MAX = 16;
    /** The least that IPv6 allows (RFC 8200, section 5). */
    public static final int MTU_MIN = 1280;

    private static final int MTU_MAX = 65535;

    public Port {
        VmAddress.requireVni(vni);
        addresses = addresses.stream()
                .map(address -> Addresses.station(address, "the port's address"))
                .distinct()
                .toList();
        forwardTo = forwardTo.map(host -> Addresses.station(host, "the host to forward to"));
        if (addresses.isEmpty() || addresses.size() > ADDRESSES_MAX) {
            throw new IllegalArgumentException(
                    "a port has 1 to " + ADDRESSES_MAX + " addresses, not " + addresses.size());
        }
        if (tapIndex < 1) {
            throw new IllegalArgumentException("interface number " + tapIndex + " is below 1");
        }
        if (mtu < MTU_MIN || mtu > MTU_MAX) {
            throw new IllegalArgumentException("MTU " + mtu + " is not between " + MTU_MIN + " and " + MTU_MAX);
        }
        if ((state == PortState.FORWARD) != forwardTo.isPresent()) {
            throw new IllegalArgumentException("a port in state " + state + " with forward-to host " + forwardTo);
        }
    }

    /** The same port, delivering. */
    public Port live() {
        return with(PortState.LIVE, Optional.empty());
    }

    /** The same port, holding. */
    public Port hold() {
        return with(PortState.HOLD, Optional.empty());
    }

    /** The same port, passing on to another host. */
    public Port forward(InetAddress host) {
        return with(PortState.FORWARD, Optional.of(host));
    }

    private Port with(PortState newState, Optional<InetAddress> host) {
        return new Port(vni, mac, addresses, tapIndex, policyId, mtu, newState, host);
    }
}
