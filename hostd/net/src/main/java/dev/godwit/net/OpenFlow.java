package dev.godwit.net;

import java.time.Duration;

/**
 * A flow that policy has let pass, as it is carried from host to host.
 *
 * @param idle time since its last packet
 * @param opener who sent the first packet: OUT, the VM
 * @param closing whether a FIN or RST was seen
 */
public record OpenFlow(FlowKey key, Duration idle, Direction opener, boolean closing) {
    public OpenFlow {
        if (idle.isNegative()) {
            throw new IllegalArgumentException("idle time " + idle + " is negative");
        }
    }
}
