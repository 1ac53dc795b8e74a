package dev.godwit.net;

import java.util.Locale;

/** What became of a packet that was not dropped. The order is that of {@code enum way} in {@code native/bpf/maps.h}. */
public enum Way {
    /** From a VM to a VM of the same host. */
    NEIGHBOUR,
    /** From a VM, to the host of another VM. */
    TO_HOST,
    /** From a VM, to its network's edge. */
    TO_EDGE,
    /** From a VM, to the host's own network: local egress, or the edge's NAT. */
    TO_STACK,
    /** From another host, to a VM that runs here. */
    DELIVERED,
    /** To a VM that does not run here yet: in its tap's queue. */
    HELD,
    /** To a VM that was here: passed on once to where it is. */
    FORWARDED,
    /** From the edge's own network, to a VM's host. */
    FROM_STACK,
    /** An ARP request, answered. */
    ARP_ANSWERED,
    /** An IPv6 neighbour solicitation, answered. */
    ND_ANSWERED,
    /** An echo request to the gateway address, answered. */
    ECHO_ANSWERED,
    /** A flow event that found the ring full. */
    EVENT_LOST;

    /** Its name in metrics: {@code forwarded}. */
    public String label() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
