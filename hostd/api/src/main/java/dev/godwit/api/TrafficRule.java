package dev.godwit.api;

import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Destinations of packets that open a flow; answers need no rule.
 *
 * @param prefix a range of addresses, such as {@code 10.0.0.0/8} or {@code 2001:db8::/32}; an address alone is a range of one
 * @param protocol {@code tcp}, {@code udp}, {@code icmp}, {@code icmpv6}, {@code sctp}, {@code gre}, {@code esp}, or an IP
 *     protocol's number; null: any
 * @param ports destination ports, such as {@code 443} and {@code 8000-8100}, of tcp, udp and sctp; null: any
 */
public record TrafficRule(
        String prefix, @Nullable String protocol, @Nullable List<String> ports) {
    private static final int TCP = 6;
    private static final int UDP = 17;
    private static final int SCTP = 132;
    private static final Map<String, Integer> PROTOCOLS =
            Map.of("tcp", TCP, "udp", UDP, "icmp", 1, "icmpv6", 58, "sctp", SCTP, "gre", 47, "esp", 50);

    private static final Pattern NUMBER = Pattern.compile("\\d{1,3}");
    private static final Pattern PORTS = Pattern.compile("(\\d{1,5})(?:-(\\d{1,5}))?");
    private static final int PORT_MAX = 65_535;
    private static final int PROTOCOL_MAX = 255;

    /** A range of ports, both ends in it. */
    public record Ports(int first, int last) {}

    public TrafficRule {
        IpPrefix.parse("prefix", prefix);
        OptionalInt number = number(protocol);
        if (ports != null) {
            ports = Require.list("ports of " + prefix, ports, 1, NetworkSettings.RULES_OF_A_DESTINATION_MAX);
            if (number.isEmpty() || !hasPorts(number.getAsInt())) {
                throw new IllegalArgumentException("the rule for " + prefix + " has ports and the protocol "
                        + (protocol == null ? "any" : protocol) + "; ports are of tcp, udp or sctp");
            }
            ports.forEach(TrafficRule::range);
        }
    }

    /** The IP protocol's number; empty: any. */
    public OptionalInt protocolNumber() {
        return number(protocol);
    }

    /** Its ranges of ports; none: any port. */
    public List<Ports> portRanges() {
        return ports == null
                ? List.of()
                : ports.stream().map(TrafficRule::range).toList();
    }

    /** As how many rules it counts. */
    int size() {
        return ports == null ? 1 : ports.size();
    }

    IpPrefix range() {
        return IpPrefix.parse("prefix", prefix);
    }

    private static OptionalInt number(@Nullable String protocol) {
        if (protocol == null) {
            return OptionalInt.empty();
        }
        Integer known = PROTOCOLS.get(protocol);
        if (known != null) {
            return OptionalInt.of(known);
        }
        if (!NUMBER.matcher(protocol).matches() || Integer.parseInt(protocol) > PROTOCOL_MAX) {
            throw new IllegalArgumentException("protocol \"" + Require.shown(protocol)
                    + "\" is neither tcp, udp, icmp, icmpv6, sctp, gre, esp nor a number from 0 to " + PROTOCOL_MAX);
        }
        return OptionalInt.of(Integer.parseInt(protocol));
    }

    private static boolean hasPorts(int protocol) {
        return protocol == TCP || protocol == UDP || protocol == SCTP;
    }

    private static Ports range(String text) {
        Matcher matcher = PORTS.matcher(text);
        if (matcher.matches()) {
            int first = Integer.parseInt(matcher.group(1));
            int last = matcher.group(2) == null ? first : Integer.parseInt(matcher.group(2));
            if (first <= last && last <= PORT_MAX) {
                return new Ports(first, last);
            }
        }
        throw new IllegalArgumentException("ports \"" + Require.shown(text)
                + "\" are neither a port nor a range such as 8000-8100, from 0 to " + PORT_MAX);
    }
}
