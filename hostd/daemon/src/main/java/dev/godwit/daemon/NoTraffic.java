package dev.godwit.daemon;

import dev.godwit.api.HostTraffic;
import dev.godwit.api.ProblemCode;
import dev.godwit.net.CaptureLimit;
import java.io.OutputStream;
import java.util.Optional;

/** A host whose VMs have no network, or one that other machines' switches make: nothing is counted here. */
record NoTraffic(String hostId) implements VmTraffic {
    @Override
    public Optional<HostTraffic> counts() {
        return Optional.empty();
    }

    @Override
    public FlowReader flows(String vmId) {
        throw refused();
    }

    @Override
    public void capture(String vmId, CaptureLimit limit, OutputStream to) {
        throw refused();
    }

    private Refused refused() {
        return new Refused(
                ProblemCode.REFUSED,
                "VMs of host " + hostId + " are not on a routed network, so hostd sees nothing of their traffic; its"
                        + " vm-network needs an underlay-address instead of a bridge.");
    }
}
