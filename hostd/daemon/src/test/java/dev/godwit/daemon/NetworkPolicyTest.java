package dev.godwit.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import dev.godwit.api.EgressRule;
import dev.godwit.api.EgressWay;
import dev.godwit.api.NetworkSettings;
import dev.godwit.api.TrafficRule;
import dev.godwit.net.Addresses;
import dev.godwit.net.Direction;
import dev.godwit.net.FlowKey;
import dev.godwit.net.OpenFlow;
import dev.godwit.net.Policy;
import dev.godwit.net.Prefix;
import dev.godwit.net.Verdict;
import dev.godwit.net.VmAddress;
import java.net.InetAddress;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class NetworkPolicyTest {
    private static final int TCP = 6;
    private static final int UDP = 17;
    private static final List<Prefix> GUARDED = List.of(Prefix.parse("10.9.0.0/16"), Prefix.parse("fd00:9::/32"));

    private static TrafficRule rule(String prefix, String protocol, String... ports) {
        return new TrafficRule(prefix, protocol.isEmpty() ? null : protocol, ports.length == 0 ? null : List.of(ports));
    }

    private static Policy policy(List<TrafficRule> allow, List<TrafficRule> deny) {
        return NetworkPolicy.of(new NetworkSettings(allow, deny, List.of(), null, null), GUARDED);
    }

    /** As the programs decide: the first rule that fits. */
    private static Verdict outbound(Policy policy, String to, int protocol, int port) {
        FlowKey key = new FlowKey(
                new VmAddress(7, Addresses.literal("10.77.0.2")), Addresses.literal(to), protocol, 40_000, port);
        return FlowVerdict.of(policy, new OpenFlow(key, Duration.ZERO, Direction.OUT, false));
    }

    @Test
    void aFlowFromOutsideIsNoMatterOfOutboundRules() {
        Policy policy = policy(List.of(), List.of(rule("0.0.0.0/0", "")));
        FlowKey key = new FlowKey(
                new VmAddress(7, Addresses.literal("10.77.0.2")), Addresses.literal("198.51.100.7"), TCP, 80, 40_000);
        assertThat(FlowVerdict.of(policy, new OpenFlow(key, Duration.ZERO, Direction.IN, false)))
                .isEqualTo(Verdict.ALLOW);
        assertThat(FlowVerdict.of(policy, new OpenFlow(key, Duration.ZERO, Direction.OUT, false)))
                .isEqualTo(Verdict.DENY);
    }

    @Test
    void withoutRulesEverythingIsAllowedButWhatIsGuarded() {
        Policy policy = policy(List.of(), List.of());
        assertThat(outbound(policy, "198.51.100.7", TCP, 443)).isEqualTo(Verdict.ALLOW);
        assertThat(outbound(policy, "2001:db8::1", UDP, 53)).isEqualTo(Verdict.ALLOW);
        for (String guarded : List.of("169.254.169.254", "fd00:ec2::254", "168.63.129.16", "10.9.1.1", "fd00:9::1")) {
            assertThat(outbound(policy, guarded, TCP, 80)).as(guarded).isEqualTo(Verdict.DENY);
        }
        assertThat(policy.inbound()).isEqualTo(Verdict.ALLOW);
    }

    @Test
    void aWideAllowOpensNothingThatIsGuardedAndANarrowOneDoes() {
        Policy wide = policy(
                List.of(rule("0.0.0.0/0", "tcp", "80"), rule("169.254.0.0/16", ""), rule("::/0", "")), List.of());
        for (String guarded : List.of("169.254.169.254", "fd00:ec2::254", "168.63.129.16", "10.9.1.1", "fd00:9::1")) {
            assertThat(outbound(wide, guarded, TCP, 80)).as(guarded).isEqualTo(Verdict.DENY);
        }
        Policy narrow = policy(
                List.of(rule("169.254.169.254", "tcp", "80"), rule("10.9.1.1", ""), rule("fd00:9::/32", "udp")),
                List.of());
        assertThat(outbound(narrow, "169.254.169.254", TCP, 80)).isEqualTo(Verdict.ALLOW);
        assertThat(outbound(narrow, "169.254.169.254", TCP, 81)).isEqualTo(Verdict.DENY);
        assertThat(outbound(narrow, "10.9.1.1", UDP, 1)).isEqualTo(Verdict.ALLOW);
        assertThat(outbound(narrow, "10.9.1.2", UDP, 1)).isEqualTo(Verdict.DENY);
        assertThat(outbound(narrow, "fd00:9::5", UDP, 1)).isEqualTo(Verdict.ALLOW);
        assertThat(outbound(narrow, "fd00:9::5", TCP, 1)).isEqualTo(Verdict.DENY);
    }

    @Test
    void theMostSpecificRuleDecidesWhateverTheOrder() {
        Policy policy = policy(
                List.of(rule("10.1.2.0/24", ""), rule("0.0.0.0/0", "tcp", "443")),
                List.of(rule("0.0.0.0/0", ""), rule("10.0.0.0/8", ""), rule("10.1.2.3", "udp")));
        assertThat(outbound(policy, "10.1.2.9", UDP, 5)).isEqualTo(Verdict.ALLOW);
        assertThat(outbound(policy, "10.1.2.3", UDP, 5)).isEqualTo(Verdict.DENY);
        assertThat(outbound(policy, "10.1.2.3", TCP, 5)).isEqualTo(Verdict.ALLOW);
        assertThat(outbound(policy, "10.7.0.1", TCP, 443))
                .as("a longer prefix wins over ports")
                .isEqualTo(Verdict.DENY);
        assertThat(outbound(policy, "198.51.100.7", TCP, 443)).isEqualTo(Verdict.ALLOW);
        assertThat(outbound(policy, "198.51.100.7", TCP, 80)).isEqualTo(Verdict.DENY);
        assertThat(outbound(policy, "2001:db8::1", TCP, 80))
                .as("IPv4's rules say nothing of IPv6")
                .isEqualTo(Verdict.ALLOW);
    }

    @Test
    void ofTwoRulesAlikeTheOneThatDeniesWins() {
        Policy policy = policy(List.of(rule("10.1.0.0/16", "tcp", "443")), List.of(rule("10.1.0.0/16", "tcp", "443")));
        assertThat(outbound(policy, "10.1.1.1", TCP, 443)).isEqualTo(Verdict.DENY);
    }

    @Test
    void rangesOfPortsBecomeARuleEachAndANarrowerRangeDecides() {
        Policy policy = policy(
                List.of(rule("0.0.0.0/0", "tcp", "443", "8000-8100")),
                List.of(rule("0.0.0.0/0", "tcp", "8050"), rule("0.0.0.0/0", "tcp")));
        assertThat(outbound(policy, "198.51.100.7", TCP, 8000)).isEqualTo(Verdict.ALLOW);
        assertThat(outbound(policy, "198.51.100.7", TCP, 8100)).isEqualTo(Verdict.ALLOW);
        assertThat(outbound(policy, "198.51.100.7", TCP, 8050)).isEqualTo(Verdict.DENY);
        assertThat(outbound(policy, "198.51.100.7", TCP, 8101)).isEqualTo(Verdict.DENY);
        assertThat(outbound(policy, "198.51.100.7", UDP, 8101)).isEqualTo(Verdict.ALLOW);
    }

    @Test
    void anchoredPartsOfALocalPrefixAreTakenOutOfIt() {
        Policy policy = NetworkPolicy.of(
                new NetworkSettings(
                        List.of(),
                        List.of(),
                        List.of(
                                new EgressRule("10.1.0.0/16", EgressWay.ANCHORED),
                                new EgressRule("10.0.0.0/8", EgressWay.LOCAL),
                                new EgressRule("10.1.2.0/24", EgressWay.LOCAL),
                                new EgressRule("2001:db8::/32", EgressWay.LOCAL)),
                        null,
                        null),
                List.of());
        for (String local : List.of("10.0.0.1", "10.2.0.1", "10.255.0.1", "10.1.2.200", "2001:db8::5")) {
            assertThat(isLocal(policy, local)).as(local).isTrue();
        }
        for (String anchored : List.of("10.1.0.1", "10.1.3.1", "11.0.0.1", "2001:db9::5")) {
            assertThat(isLocal(policy, anchored)).as(anchored).isFalse();
        }
    }

    private static boolean isLocal(Policy policy, String address) {
        return policy.localEgress().stream().anyMatch(prefix -> prefix.covers(Addresses.literal(address)));
    }

    @Test
    void whatIsLeftOfARangeIsExactlyTheRest() throws Exception {
        Random random = new Random(7);
        for (int round = 0; round < 300; round++) {
            byte[] octets = {10, 20, (byte) random.nextInt(4), (byte) random.nextInt(4)};
            Prefix without = prefix(octets, 24 + random.nextInt(9));
            Prefix from = prefix(new byte[] {10, 20, octets[2], 0}, 20 + random.nextInt(6));
            List<Prefix> left = PrefixDifference.of(from, without);
            for (int probe = 0; probe < 64; probe++) {
                InetAddress address = InetAddress.getByAddress(
                        new byte[] {10, 20, (byte) random.nextInt(8), (byte) random.nextInt(16)});
                long covering = left.stream().filter(one -> one.covers(address)).count();
                assertThat(covering)
                        .as("%s in %s without %s", address, from, without)
                        .isEqualTo(from.covers(address) && !without.covers(address) ? 1 : 0);
            }
        }
    }

    private static Prefix prefix(byte[] octets, int length) throws Exception {
        byte[] cut = octets.clone();
        for (int bit = length; bit < 32; bit++) {
            cut[bit / 8] &= (byte) ~(1 << (7 - bit % 8));
        }
        return new Prefix(InetAddress.getByAddress(cut), length);
    }
}
