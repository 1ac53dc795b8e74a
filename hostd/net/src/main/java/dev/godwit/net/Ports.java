package dev.godwit.net;

import java.io.IOException;
import java.util.List;
import java.util.Optional;

/** The VMs of this host. Thread-safe. */
public final class Ports {
    /** How many addresses of VMs a host can have. */
    public static final int ADDRESSES_MAX = 16_384;
    /** How many taps a host can have. */
    public static final int TAPS_MAX = 4_096;

    /** Writes a port, replacing the one of the same tap: its addresses, policy and state. */
    public void put(Port port) throws IOException {
        throw new UnsupportedOperationException();
    }

    /** The port of a tap. */
    public Optional<Port> ofTap(int tapIndex) throws IOException {
        throw new UnsupportedOperationException();
    }

    /** All ports, in no order. */
    public List<Port> all() throws IOException {
        throw new UnsupportedOperationException();
    }

    /** Forgets a port; its VM is neither heard nor reached. Absent is no error. */
    public void remove(int tapIndex) throws IOException {
        throw new UnsupportedOperationException();
    }

    /**
     * Starts the count of what waits for a held VM at zero. Beyond the limit the newest is dropped as
     * {@link DropReason#HOLD_FULL}. Without a call the limit is 64 MiB from the port's first hold on.
     */
    public void holdAtMost(int tapIndex, long bytesMax) throws IOException {
        throw new UnsupportedOperationException();
    }

    /** What one VM has sent and got. */
    public PortTraffic traffic(int tapIndex) throws IOException {
        throw new UnsupportedOperationException();
    }
}
