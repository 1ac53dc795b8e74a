package dev.godwit.net;

import java.io.IOException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * VXLAN knows no sender: the host's packet filter takes it from peers only. A table of nftables of our own, replaced as
 * a whole in one transaction; works in the network namespace of the calling thread.
 */
final class UnderlayGuard {
    static final String TABLE = "inet godwit_underlay";
    /** RFC 7348. */
    static final int VXLAN_PORT = 4789;

    private static final String VXLAN = "udp dport " + VXLAN_PORT;

    private UnderlayGuard() {}

    /**
     * From here on nobody but these is heard; packets in between meet the old rules or the new ones, never none.
     *
     * @param tunnel the device that they must come through, if it is a tunnel
     */
    static void admit(Set<InetAddress> peers, Optional<String> tunnel) throws IOException {
        StringBuilder rules = new StringBuilder();
        rules.append("table ").append(TABLE).append("\ndelete table ").append(TABLE);
        rules.append("\ntable ").append(TABLE).append(" {\n");
        // A tunnel's packets have no connection: tracking them costs time and memory.
        rules.append(chain("untracked_in", "prerouting", "raw", VXLAN + " notrack"));
        rules.append(chain("untracked_out", "output", "raw", VXLAN + " notrack"));
        rules.append(chain(
                "guard",
                "input",
                "-10",
                tunnel.map(device -> VXLAN + " iifname != \"" + device + "\" counter drop")
                        .orElse(""),
                accept("ip", peers, true),
                accept("ip6", peers, false),
                VXLAN + " counter drop"));
        CommandLine.runWithInput(rules.append("}\n").toString(), "nft", "-f", "-");
    }

    private static String chain(String name, String hook, String priority, String... rules) {
        return "chain " + name + " { type filter hook " + hook + " priority " + priority + "; policy accept;\n"
                + String.join("\n", rules) + "\n}\n";
    }

    private static String accept(String family, Set<InetAddress> peers, boolean v4) {
        String of = peers.stream()
                .filter(peer -> peer instanceof Inet4Address == v4)
                .map(InetAddress::getHostAddress)
                .sorted()
                .collect(Collectors.joining(", "));
        return of.isEmpty() ? "" : VXLAN + " " + family + " saddr { " + of + " } accept";
    }

    /** Takes the table away. Absent is no error. */
    static void remove() throws IOException {
        CommandLine.runWithInput("table " + TABLE + "\ndelete table " + TABLE + "\n", "nft", "-f", "-");
    }
}
