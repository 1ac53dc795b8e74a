package dev.godwit.lab.packets;

import java.net.InetAddress;

/**
 * A frame of a VM on its way between two hosts.
 *
 * @param atEpochMillis when the router took it in
 * @param from underlay address of the host that sent it
 * @param to underlay address of the host that it is for
 * @param vni the VM's network, 22 bits
 * @param forwarded whether a host that the VM had left passed it on
 * @param source of the packet inside
 * @param destination of the packet inside
 * @param bytes on the wire, all headers included; a segment that the kernel has not cut yet counts as one frame
 */
public record VxlanFrame(
        double atEpochMillis,
        InetAddress from,
        InetAddress to,
        int vni,
        boolean forwarded,
        InetAddress source,
        InetAddress destination,
        int bytes) {
    /** Whether the address is one of the packet's ends. */
    public boolean touches(InetAddress vm) {
        return source.equals(vm) || destination.equals(vm);
    }

    /** Whether the host is one of the frame's ends. */
    public boolean passes(InetAddress host) {
        return from.equals(host) || to.equals(host);
    }
}
