package dev.godwit.net;

import java.util.Locale;

/** Why the programs let a packet fall. The order is that of {@code enum drop} in {@code native/bpf/maps.h}. */
public enum DropReason {
    /** Headers that contradict each other or the packet's length. */
    MALFORMED,
    /** Neither IPv4, IPv6 nor ARP, or inside a VLAN. */
    NOT_IP,
    /** From a tap that is no port. */
    NO_PORT,
    /** Under an Ethernet or IP address that is not the VM's. */
    SPOOF,
    /** ARP that the programs don't answer: for itself, or not a request. */
    ARP,
    /** IPv6 neighbour discovery that the programs don't answer. */
    ND,
    /** A router solicitation, advertisement or redirect from a VM. */
    RA,
    /** DHCP from a VM: its addresses are given otherwise. */
    DHCP,
    /** To a group or to all. */
    MULTICAST,
    /** A fragment that could slip past a rule on ports, or overlaps the first. */
    FRAGMENT,
    /** The host's lease has ended. */
    LEASE,
    /** Another host owns the VM: this copy of it is silent. */
    STALE,
    /** A rule of the VM's policy. */
    POLICY,
    /** To a VM of another network. */
    OTHER_NETWORK,
    /** No VM of this address is known. */
    NO_VM,
    /** The VM's network has no edge. */
    NO_EDGE,
    /** From a machine that is no peer, or from a peer that may not speak for the inner source. */
    STRANGER,
    /** It was forwarded once and the VM is not here either. */
    LOOP,
    /** More waits for a held VM than may. */
    HOLD_FULL,
    /** Longer than the path; the sender was told. */
    TOO_BIG,
    /** The kernel refused to change the packet. */
    KERNEL;

    /** Its name in metrics and flow events: {@code no-vm}. */
    public String label() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
