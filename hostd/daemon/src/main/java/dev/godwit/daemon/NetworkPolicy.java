package dev.godwit.daemon;

import dev.godwit.api.EgressRule;
import dev.godwit.api.EgressWay;
import dev.godwit.api.NetworkSettings;
import dev.godwit.api.TrafficRule;
import dev.godwit.net.Direction;
import dev.godwit.net.Policy;
import dev.godwit.net.PolicyRule;
import dev.godwit.net.Prefix;
import dev.godwit.net.Verdict;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.Stream;

/**
 * What a network's settings mean to the data plane, whose first fitting rule decides: the more specific a rule, the earlier
 * it stands. What this host guards is denied; an allowing rule opens it only when its prefix is as narrow or narrower, so
 * {@code allow 0.0.0.0/0:tcp:443} opens no metadata service. Everything else outbound is allowed. Inbound there is nothing
 * to decide here: only the VM's own network and its edge can send to it.
 */
final class NetworkPolicy {
    static final List<Prefix> METADATA_SERVICES =
            List.of(Prefix.parse("169.254.169.254"), Prefix.parse("fd00:ec2::254"), Prefix.parse("168.63.129.16"));

    /** Of a VM whose network is not known: what it denies could be anything. */
    static final Policy UNKNOWN = new Policy(List.of(), Verdict.DENY, Verdict.ALLOW, List.of());

    private static final int PORTS = 65_536;

    /** Longest prefix first, then fewest ports, then a protocol before any; of two alike, what denies, and our own last. */
    private static final Comparator<Rank> MOST_SPECIFIC_FIRST = Comparator.<Rank>comparingInt(
                    rank -> -rank.rule().remote().length())
            .thenComparingInt(rank -> rank.rule().lastPort() - rank.rule().firstPort())
            .thenComparing(rank -> rank.rule().protocol().isEmpty())
            .thenComparing(Rank::source);

    private NetworkPolicy() {}

    private enum Source {
        DENIED,
        ALLOWED,
        GUARDED
    }

    private record Rank(PolicyRule rule, Source source) {}

    /**
     * The policy of the VMs of a network at this host.
     *
     * @param guarded underlay, hosts, control networks and fleet store; the metadata services are guarded by themselves
     */
    static Policy of(NetworkSettings settings, List<Prefix> guarded) {
        List<Rank> ranks = new ArrayList<>();
        settings.deny().forEach(rule -> add(ranks, rule, Verdict.DENY, Source.DENIED));
        settings.allow().forEach(rule -> add(ranks, rule, Verdict.ALLOW, Source.ALLOWED));
        Stream.concat(METADATA_SERVICES.stream(), guarded.stream())
                .distinct()
                .forEach(prefix ->
                        ranks.add(new Rank(PolicyRule.any(Direction.OUT, Verdict.DENY, prefix), Source.GUARDED)));
        ranks.sort(MOST_SPECIFIC_FIRST);
        return new Policy(
                ranks.stream().map(Rank::rule).toList(), Verdict.ALLOW, Verdict.ALLOW, local(settings.egress()));
    }

    private static void add(List<Rank> ranks, TrafficRule rule, Verdict verdict, Source source) {
        Prefix remote = Prefix.parse(rule.prefix());
        OptionalInt protocol = rule.protocolNumber();
        if (rule.portRanges().isEmpty()) {
            ranks.add(new Rank(new PolicyRule(Direction.OUT, verdict, remote, protocol, 0, PORTS - 1), source));
        }
        for (TrafficRule.Ports ports : rule.portRanges()) {
            ranks.add(new Rank(
                    new PolicyRule(Direction.OUT, verdict, remote, protocol, ports.first(), ports.last()), source));
        }
    }

    /** Destinations that the host sends itself: the local prefixes without the longer anchored ones inside them. */
    private static List<Prefix> local(List<EgressRule> egress) {
        List<EgressRule> shortestFirst = egress.stream()
                .sorted(Comparator.comparingInt(
                        rule -> Prefix.parse(rule.prefix()).length()))
                .toList();
        List<Prefix> local = new ArrayList<>();
        for (EgressRule rule : shortestFirst) {
            Prefix prefix = Prefix.parse(rule.prefix());
            if (rule.via() == EgressWay.LOCAL) {
                local.removeIf(prefix::covers);
                local.add(prefix);
            } else {
                local = new ArrayList<>(local.stream()
                        .flatMap(range -> PrefixDifference.of(range, prefix).stream())
                        .toList());
            }
        }
        return local;
    }
}
