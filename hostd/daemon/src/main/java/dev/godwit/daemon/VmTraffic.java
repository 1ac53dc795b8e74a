package dev.godwit.daemon;

import dev.godwit.api.HostTraffic;
import dev.godwit.net.CaptureLimit;
import java.io.IOException;
import java.io.OutputStream;
import java.util.Optional;

/**
 * What this host's data plane tells of its VMs' traffic. Thread-safe.
 *
 * <p>Methods on one VM fail with {@link Refused} where VMs of this host have no network that could tell, and with {@link
 * Unavailable} where the VM's is not here.
 */
public interface VmTraffic {
    /** What was counted since the data plane was made; empty where there is none. */
    Optional<HostTraffic> counts() throws IOException;

    /** What happened to a VM's flows: the kept ones first. The caller closes it. */
    FlowReader flows(String vmId) throws IOException;

    /**
     * Writes what passes a VM's tap as a pcap file with nanoseconds, each frame in one write. Blocks until the limit is
     * reached, the VM leaves this host, or the calling thread is interrupted; then the file is whole.
     */
    void capture(String vmId, CaptureLimit limit, OutputStream to) throws IOException;
}
