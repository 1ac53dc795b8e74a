package dev.godwit.edge;

import dev.godwit.net.Prefix;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The edge's rules for nft: one text, applied as one transaction. Chains stay; what they hold is replaced whole, with its
 * ranges and maps inside the rules, since to flush and fill a named set of intervals loses connections (measured). All
 * that is the edge's is tracked in a zone of its own, so that nothing of the host's is copied, loaded or removed with it.
 *
 * <p>The way of a packet: {@code enter} drops what needs the lease before it is tracked; {@code zone} chooses the zone;
 * {@code published} and {@code outbound} translate; {@code forward} and {@code input} let pass only what an edge is for;
 * {@code leave_*}, at the devices, drops what the host itself would say for the public addresses or to VMs without the
 * lease, ARP included.
 */
final class EdgeRules {
    static final String TABLE = "godwit_edge";
    static final String LEASE_SET = "lease";
    /** The zone of conntrack that is the edge's. */
    static final int ZONE = 2317;

    private final EdgeSides sides;
    private final String vmDevice;
    private final String publicDevice;

    EdgeRules(EdgeSides sides) {
        this.sides = sides;
        this.vmDevice = quoted(sides.vmDevice());
        this.publicDevice = quoted(sides.publicDevice());
    }

    /** Takes everything of the edge away; without the tables it fails. */
    static String removal() {
        return "delete table inet " + TABLE + "\ndelete table netdev " + TABLE + "\n";
    }

    /** Makes tables and chains that are not there, and replaces every rule. The lease is not touched. */
    String text(PublishedPorts published) {
        List<String> lines = new ArrayList<>();
        skeleton(lines);
        enter(lines);
        zones(lines);
        translation(lines, published);
        forward(lines, published);
        input(lines);
        leave(lines);
        return String.join("\n", lines) + "\n";
    }

    private void skeleton(List<String> lines) {
        lines.add("add table inet " + TABLE);
        lines.add("add table netdev " + TABLE);
        for (String family : List.of("inet", "netdev")) {
            lines.add("add set " + family + " " + TABLE + " " + LEASE_SET + " { type ifname; flags timeout; }");
        }
        for (Drop drop : Drop.values()) {
            lines.add("add counter " + drop.family + " " + TABLE + " " + drop.counter());
        }
        chain(lines, "enter", "filter hook prerouting priority -400");
        chain(lines, "zone", "filter hook prerouting priority -300");
        chain(lines, "zone_out", "filter hook output priority -300");
        chain(lines, "published", "nat hook prerouting priority -100");
        chain(lines, "outbound", "nat hook postrouting priority 100");
        chain(lines, "forward", "filter hook forward priority 0");
        chain(lines, "input", "filter hook input priority 0");
        lines.add("add chain netdev " + TABLE + " leave_vm { type filter hook egress device " + vmDevice
                + " priority 0; policy accept; }");
        lines.add("add chain netdev " + TABLE + " leave_public { type filter hook egress device " + publicDevice
                + " priority 0; policy accept; }");
        lines.add("flush chain netdev " + TABLE + " leave_vm");
        lines.add("flush chain netdev " + TABLE + " leave_public");
    }

    /** Why a packet is dropped here. */
    enum Drop {
        ENTER_LEASE("inet"),
        FORWARD_INVALID("inet"),
        FORWARD_STRANGER("inet"),
        INPUT_STRANGER("inet"),
        LEAVE_LEASE("netdev");

        private final String family;

        Drop(String family) {
            this.family = family;
        }

        String family() {
            return family;
        }

        String counter() {
            return name().toLowerCase(Locale.ROOT);
        }

        String verdict() {
            return "counter name " + counter() + " drop";
        }
    }

    private static void chain(List<String> lines, String name, String hook) {
        lines.add("add chain inet " + TABLE + " " + name + " { type " + hook + "; policy accept; }");
        lines.add("flush chain inet " + TABLE + " " + name);
    }

    private static void rule(List<String> lines, String chain, String rule) {
        lines.add("add rule inet " + TABLE + " " + chain + " " + rule);
    }

    private void enter(List<String> lines) {
        rule(lines, "enter", "iifname " + vmDevice + " iifname != @lease " + Drop.ENTER_LEASE.verdict());
        for (String match : matches("daddr", floating(true), floating(false), publicV6())) {
            rule(
                    lines,
                    "enter",
                    "iifname " + publicDevice + " " + match + " iifname != @lease " + Drop.ENTER_LEASE.verdict());
        }
    }

    private void zones(List<String> lines) {
        for (String match : matches("daddr", gateways(true), gateways(false), List.of())) {
            rule(lines, "zone", "iifname " + vmDevice + " " + match + " notrack accept");
        }
        rule(lines, "zone", "iifname " + vmDevice + " ct zone set " + ZONE);
        for (String match : matches("daddr", addresses(true), addresses(false), publicV6())) {
            rule(lines, "zone", "iifname " + publicDevice + " " + match + " ct zone set " + ZONE);
        }
        for (String match : matches("saddr", gateways(true), gateways(false), List.of())) {
            rule(lines, "zone_out", "oifname " + vmDevice + " " + match + " notrack accept");
        }
        rule(lines, "zone_out", "oifname " + vmDevice + " ct zone set " + ZONE);
        for (String match : matches("saddr", addresses(true), addresses(false), List.of())) {
            rule(lines, "zone_out", match + " ct zone set " + ZONE);
        }
    }

    private void translation(List<String> lines, PublishedPorts published) {
        String ports = published.ports().stream()
                .filter(PublishedPort::isV4)
                .map(port -> port.publicAddress().getHostAddress() + " . "
                        + port.protocol().name().toLowerCase(Locale.ROOT) + " . " + port.publicPort() + " : "
                        + port.vm().getHostAddress() + " . " + port.vmPort())
                .collect(Collectors.joining(", "));
        if (!ports.isEmpty()) {
            rule(
                    lines,
                    "published",
                    "iifname { " + vmDevice + ", " + publicDevice
                            + " } dnat ip to ip daddr . meta l4proto . th dport map { " + ports + " }");
        }
        sides.publicAddresses().stream().filter(PublicAddress::isV4).findFirst().ifPresent(from -> {
            String translate = "snat ip to " + from.address().getHostAddress();
            for (String match : matches("saddr", vms(true), List.of(), List.of())) {
                rule(
                        lines,
                        "outbound",
                        "iifname " + vmDevice + " oifname " + publicDevice + " " + match + " " + translate);
                // A VM that uses a published address of another one: the answer has to come back this way.
                rule(
                        lines,
                        "outbound",
                        "iifname " + vmDevice + " oifname " + vmDevice + " ct status dnat " + match + " " + translate);
            }
        });
    }

    private void forward(List<String> lines, PublishedPorts published) {
        rule(lines, "forward", "iifname != " + vmDevice + " oifname != " + vmDevice + " accept");
        // Whatever is not tracked would leave with the VM's own address.
        rule(lines, "forward", "ct state invalid " + Drop.FORWARD_INVALID.verdict());
        rule(lines, "forward", "tcp flags syn / syn,rst tcp option maxseg size set rt mtu");
        rule(lines, "forward", "ct state established,related accept");
        for (String match : matches("saddr", vms(true), vms(false), List.of())) {
            rule(lines, "forward", "iifname " + vmDevice + " oifname " + publicDevice + " " + match + " accept");
        }
        rule(lines, "forward", "oifname " + vmDevice + " ct status dnat accept");
        String ports = published.ports().stream()
                .filter(port -> !port.isV4())
                .map(port -> port.vm().getHostAddress() + " . "
                        + port.protocol().name().toLowerCase(Locale.ROOT) + " . " + port.vmPort())
                .collect(Collectors.joining(", "));
        if (!ports.isEmpty()) {
            rule(
                    lines,
                    "forward",
                    "iifname " + publicDevice + " oifname " + vmDevice + " ip6 daddr . meta l4proto . th dport { "
                            + ports + " } accept");
        }
        rule(lines, "forward", Drop.FORWARD_STRANGER.verdict());
    }

    /** A VM may ask the edge for names and whether it is there, and nothing else. */
    private void input(List<String> lines) {
        rule(lines, "input", "iifname != " + vmDevice + " accept");
        for (String match : matches("daddr", gateways(true), gateways(false), List.of())) {
            rule(lines, "input", match + " meta l4proto { tcp, udp } th dport 53 accept");
        }
        for (String match : matches("daddr", gateways(true), List.of(), List.of())) {
            rule(lines, "input", match + " icmp type echo-request accept");
        }
        rule(lines, "input", "icmpv6 type { echo-request, nd-neighbor-solicit, nd-neighbor-advert } accept");
        rule(lines, "input", "ct state established,related accept");
        rule(lines, "input", Drop.INPUT_STRANGER.verdict());
    }

    private void leave(List<String> lines) {
        String rule = "add rule netdev " + TABLE;
        lines.add(rule + " leave_vm oifname != @lease " + Drop.LEAVE_LEASE.verdict());
        List<String> says = new ArrayList<>(matches("saddr", floating(true), floating(false), publicV6()));
        if (!floating(true).isEmpty()) {
            says.add("arp saddr ip { " + String.join(", ", floating(true)) + " }");
        }
        for (String match : says) {
            lines.add(rule + " leave_public " + match + " oifname != @lease " + Drop.LEAVE_LEASE.verdict());
        }
    }

    /** One match for IPv4 and one for IPv6, as far as there is something to match. */
    private static List<String> matches(String side, List<String> v4, List<String> v6, List<String> moreV6) {
        List<String> all6 = Stream.concat(v6.stream(), moreV6.stream()).toList();
        List<String> matches = new ArrayList<>();
        if (!v4.isEmpty()) {
            matches.add("ip " + side + " { " + String.join(", ", v4) + " }");
        }
        if (!all6.isEmpty()) {
            matches.add("ip6 " + side + " { " + String.join(", ", all6) + " }");
        }
        return matches;
    }

    private List<String> addresses(boolean v4) {
        return sides.publicAddresses().stream()
                .filter(address -> address.isV4() == v4)
                .map(address -> address.address().getHostAddress())
                .toList();
    }

    private List<String> floating(boolean v4) {
        return sides.publicAddresses().stream()
                .filter(address -> address.isV4() == v4 && address.floating())
                .map(address -> address.address().getHostAddress())
                .toList();
    }

    private List<String> vms(boolean v4) {
        return sides.vmPrefixes().stream()
                .filter(prefix -> prefix.address() instanceof Inet4Address == v4)
                .map(Prefix::toString)
                .toList();
    }

    private List<String> publicV6() {
        return vms(false);
    }

    private List<String> gateways(boolean v4) {
        return sides.gateways().stream()
                .filter(address -> address instanceof Inet4Address == v4)
                .map(EdgeRules::plain)
                .toList();
    }

    /** Without a zone: nft knows interfaces by themselves. */
    private static String plain(InetAddress address) {
        String text = address.getHostAddress();
        int zone = text.indexOf('%');
        return zone < 0 ? text : text.substring(0, zone);
    }

    private static String quoted(String device) {
        return "\"" + device + "\"";
    }
}
