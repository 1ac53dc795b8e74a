package dev.godwit.daemon;

import dev.godwit.net.Direction;
import dev.godwit.net.FlowKey;
import dev.godwit.net.OpenFlow;
import dev.godwit.net.Policy;
import dev.godwit.net.PolicyRule;
import dev.godwit.net.Verdict;

/**
 * What a policy would say of a flow if it were opened now, as the programs in the kernel judge its first packet: for flows
 * that were opened under another policy.
 */
final class FlowVerdict {
    private FlowVerdict() {}

    static Verdict of(Policy policy, OpenFlow flow) {
        FlowKey key = flow.key();
        int port = flow.opener() == Direction.OUT ? key.remotePort() : key.vmPort();
        for (PolicyRule rule : policy.rules()) {
            if (rule.direction() == flow.opener()
                    && rule.remote().covers(key.remote())
                    && (rule.protocol().isEmpty() || rule.protocol().getAsInt() == key.protocol())
                    && (isEveryPort(rule)
                            || hasPorts(key.protocol()) && rule.firstPort() <= port && port <= rule.lastPort())) {
                return rule.verdict();
            }
        }
        return flow.opener() == Direction.OUT ? policy.outbound() : policy.inbound();
    }

    private static boolean isEveryPort(PolicyRule rule) {
        return rule.firstPort() == 0 && rule.lastPort() == 65_535;
    }

    private static boolean hasPorts(int protocol) {
        return switch (protocol) {
            case 6, 17, 33, 132, 136 -> true;
            default -> false;
        };
    }
}
