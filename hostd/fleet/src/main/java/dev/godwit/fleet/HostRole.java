package dev.godwit.fleet;

/** What a host is for. */
public enum HostRole {
    /** Runs VMs. */
    HOST,
    /** Owns public addresses and does NAT and DNS for VMs. */
    EDGE
}
