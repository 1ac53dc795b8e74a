package dev.godwit.net;

import java.net.InetAddress;
import java.nio.file.Path;
import java.util.Optional;

/**
 * A host's place in the fleet's network.
 *
 * @param underlayAddress this host's address in the underlay; with WireGuard, the one inside the tunnels
 * @param bpfFolder where the BPF file system of this host is mounted, or is to be; the maps and programs are pinned
 *     below it
 * @param mtu bytes of IP that the VXLAN device takes from the host's own stack: the VMs' MTU
 * @param tunnelDevice through which alone other hosts are heard, for example {@link WireGuardUnderlay#DEVICE}; absent:
 *     the underlay is trusted
 */
public record HostNetworkSpec(InetAddress underlayAddress, Path bpfFolder, int mtu, Optional<String> tunnelDevice) {
    public HostNetworkSpec {
        underlayAddress = Addresses.station(underlayAddress, "the host's underlay address");
        if (mtu < Port.MTU_MIN || mtu > 9000) {
            throw new IllegalArgumentException("MTU " + mtu + " is not between " + Port.MTU_MIN + " and 9000");
        }
    }
}
