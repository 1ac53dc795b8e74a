package dev.godwit.net;

import java.net.InetAddress;

/**
 * One flow, seen from a VM of this host.
 *
 * @param protocol IP protocol number
 * @param vmPort the VM's port; of ICMP echo its identifier; 0 where there is none
 * @param remotePort the other side's port; 0 where there is none
 */
public record FlowKey(VmAddress vm, InetAddress remote, int protocol, int vmPort, int remotePort) {
    public FlowKey {
        remote = Addresses.of(Addresses.mapped(remote));
        if (protocol < 0 || protocol > 255) {
            throw new IllegalArgumentException("IP protocol " + protocol + " is not between 0 and 255");
        }
        requirePort(vmPort);
        requirePort(remotePort);
    }

    private static void requirePort(int port) {
        if (port < 0 || port > 65535) {
            throw new IllegalArgumentException("port " + port + " is not between 0 and 65535");
        }
    }
}
