package dev.godwit.net;

import java.io.IOException;
import java.util.List;

/** The open flows of this host's VMs: what lets answers pass. They move with their VM. Thread-safe. */
public final class Connections {
    /** How many are kept; the longest idle goes first. */
    public static final int MAX = 262_144;

    /** The open flows of a VM's address, for the host that it moves to. */
    public List<OpenFlow> of(VmAddress vm) throws IOException {
        throw new UnsupportedOperationException();
    }

    /** Takes flows over; one that is known here is kept as it is. */
    public void add(List<OpenFlow> flows) throws IOException {
        throw new UnsupportedOperationException();
    }

    /** Forgets the flows of a VM's address: its next packets are judged anew. */
    public void remove(VmAddress vm) throws IOException {
        throw new UnsupportedOperationException();
    }
}
