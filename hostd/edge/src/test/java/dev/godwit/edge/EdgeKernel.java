package dev.godwit.edge;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.time.Duration;
import java.util.List;

/** Whether this machine lets an edge's rules be made, found by making some in a network of their own. */
final class EdgeKernel {
    /** The same as the probe in script/skips.txt. */
    private static final String PROBE = "ip link add v0 type veth peer name v1 && nft 'add table netdev t;"
            + " add chain netdev t c { type filter hook egress device \"v0\" priority 0; };"
            + " add table inet t; add chain inet t p { type nat hook prerouting priority -100; }'";

    private static final String LACK = lack();

    private EdgeKernel() {}

    private static String lack() {
        try {
            Program.run(Duration.ofSeconds(20), "", List.of("unshare", "--net", "sh", "-c", PROBE));
            return "";
        } catch (IOException e) {
            return "this machine lets no edge's rules be made: " + e.getMessage();
        }
    }

    /** Skips the test that asks, where it can't run. */
    static void assume() {
        assumeTrue(LACK.isEmpty(), LACK);
    }
}
