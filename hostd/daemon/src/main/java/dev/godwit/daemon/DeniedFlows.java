package dev.godwit.daemon;

import dev.godwit.net.Connections;
import dev.godwit.net.OpenFlow;
import dev.godwit.net.Policy;
import dev.godwit.net.Verdict;
import dev.godwit.net.VmAddress;
import java.io.IOException;
import java.util.List;

/**
 * Ends open flows that a new policy forbids: packets of an open flow are not judged again. All flows of an address are
 * forgotten in one step and those that may stay are put back, so a packet that comes in between is judged anew and at worst
 * sent again by its sender; where nothing is forbidden, nothing is touched.
 */
final class DeniedFlows {
    private DeniedFlows() {}

    /** @return how many were ended */
    static int end(Connections connections, List<VmAddress> addresses, Policy policy) throws IOException {
        int ended = 0;
        for (VmAddress address : addresses) {
            List<OpenFlow> open = connections.of(address);
            List<OpenFlow> allowed = open.stream()
                    .filter(flow -> FlowVerdict.of(policy, flow) == Verdict.ALLOW)
                    .toList();
            if (allowed.size() < open.size()) {
                connections.remove(address);
                connections.add(allowed);
                ended += open.size() - allowed.size();
            }
        }
        return ended;
    }
}
