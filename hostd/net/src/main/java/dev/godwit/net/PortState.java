package dev.godwit.net;

/** What becomes of packets for a VM at a host. */
public enum PortState {
    /** They go to the VM. */
    LIVE,
    /** They wait, in order, in the queue of the VM's tap: the VM comes but does not run yet. */
    HOLD,
    /** They go to the host where the VM is now, once. */
    FORWARD
}
