package dev.godwit.api;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a project's network lets its VMs do, whole: what is left out is empty. The most specific rule decides: the longest
 * prefix, then the one with ports, then the one with a protocol; of two alike the one that denies. What no rule fits is
 * allowed, but for the cloud's metadata service, the hosts, their underlay and the fleet store: these only an allowing rule
 * opens whose prefix is not wider than they are.
 *
 * @param allow destinations that are allowed although a wider rule denies them
 * @param deny destinations that are denied
 * @param egress how destinations outside the fleet are reached; others are anchored
 * @param rate what each VM may send and get; null: as much as it can
 * @param subnet where VMs get their IPv4 addresses from, a prefix of 8 to 29 bits; null: from the fleet's
 */
public record NetworkSettings(
        List<TrafficRule> allow,
        List<TrafficRule> deny,
        List<EgressRule> egress,
        @Nullable TrafficRate rate,
        @Nullable String subnet) {
    /** Rules, ranges of ports counted each: a host's policy of a VM has 256, of which hostd's own take their part. */
    public static final int RULES_MAX = 160;

    /** Rules that may cover one destination: a packet that opens a flow meets all of them. */
    public static final int RULES_OF_A_DESTINATION_MAX = 24;

    public static final int EGRESS_MAX = 64;

    private static final int SUBNET_BITS_MIN = 8;
    private static final int SUBNET_BITS_MAX = 29;

    /** Everything that is not guarded is allowed. */
    public static final NetworkSettings STANDARD = new NetworkSettings(List.of(), List.of(), List.of(), null, null);

    public NetworkSettings(
            @Nullable List<TrafficRule> allow,
            @Nullable List<TrafficRule> deny,
            @Nullable List<EgressRule> egress,
            @Nullable TrafficRate rate,
            @Nullable String subnet) {
        this.allow = allow == null ? List.of() : Require.list("allow", allow, 0, RULES_MAX);
        this.deny = deny == null ? List.of() : Require.list("deny", deny, 0, RULES_MAX);
        this.egress = egress == null ? List.of() : Require.list("egress", egress, 0, EGRESS_MAX);
        this.rate = rate;
        this.subnet = subnet;
        int rules = Require.sum(this.allow, TrafficRule::size) + Require.sum(this.deny, TrafficRule::size);
        Require.between("the number of rules (each range of ports is one)", rules, 0, RULES_MAX);
        requireFewOverEach();
        if (subnet != null) {
            IpPrefix range = IpPrefix.parse("subnet", subnet);
            Require.between("the prefix of subnet " + subnet, range.bits(), SUBNET_BITS_MIN, SUBNET_BITS_MAX);
            if (!range.isV4()) {
                throw new IllegalArgumentException("subnet " + subnet + " is not a range of IPv4 addresses");
            }
        }
    }

    private void requireFewOverEach() {
        for (TrafficRule rule : allow) {
            requireFewOver(rule.range());
        }
        for (TrafficRule rule : deny) {
            requireFewOver(rule.range());
        }
    }

    private void requireFewOver(IpPrefix destination) {
        int over = Require.sum(allow, rule -> rule.range().covers(destination) ? rule.size() : 0)
                + Require.sum(deny, rule -> rule.range().covers(destination) ? rule.size() : 0);
        Require.between(
                "the number of rules that cover " + destination + " (each range of ports is one)",
                over,
                0,
                RULES_OF_A_DESTINATION_MAX);
    }
}
