package dev.godwit.net;

import java.util.ArrayList;
import java.util.List;

/**
 * What a VM may reach and who may reach it. The first rule that fits the packet which opens a flow decides; answers
 * within an open flow pass.
 *
 * @param rules in order, at most 256
 * @param outbound what happens to a flow from the VM that no rule fits
 * @param inbound what happens to a flow to the VM that no rule fits
 * @param localEgress destinations outside the fleet that the host sends itself, under its own address; all others go
 *     through the network's edge and survive moves. At most 256
 */
public record Policy(List<PolicyRule> rules, Verdict outbound, Verdict inbound, List<Prefix> localEgress) {
    /** How many rules, and how many local destinations, a policy can have. */
    public static final int RULES_MAX = 256;

    private static final List<Prefix> METADATA_SERVICES =
            List.of(Prefix.parse("169.254.169.254"), Prefix.parse("fd00:ec2::254"));

    public Policy {
        rules = List.copyOf(rules);
        localEgress = localEgress.stream().distinct().toList();
        if (rules.size() > RULES_MAX || localEgress.size() > RULES_MAX) {
            throw new IllegalArgumentException("a policy has at most " + RULES_MAX + " rules and as many local"
                    + " destinations, not " + rules.size() + " and " + localEgress.size());
        }
    }

    /**
     * Everything is allowed but the cloud's metadata service and {@code guarded}: underlay, hosts, control networks,
     * fleet store.
     */
    public static Policy standard(List<Prefix> guarded) {
        return standard(List.of(), guarded);
    }

    /** The same, with rules of the user that come first. */
    public static Policy standard(List<PolicyRule> first, List<Prefix> guarded) {
        List<PolicyRule> rules = new ArrayList<>(first);
        METADATA_SERVICES.forEach(prefix -> rules.add(PolicyRule.any(Direction.OUT, Verdict.DENY, prefix)));
        guarded.forEach(prefix -> rules.add(PolicyRule.any(Direction.OUT, Verdict.DENY, prefix)));
        return new Policy(rules, Verdict.ALLOW, Verdict.ALLOW, List.of());
    }

    /** The same policy with destinations that the host sends itself. */
    public Policy withLocalEgress(List<Prefix> destinations) {
        return new Policy(rules, outbound, inbound, destinations);
    }
}
