package dev.godwit.net;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Assumptions;

/** What these tests need of a machine, found out by doing it. */
final class Needs {
    private Needs() {}

    /** Programs, VXLAN and nftables in a namespace of one's own. */
    static void dataPlane(Path folder) throws IOException {
        try (TestNamespace probe = TestNamespace.create("probe");
                TestHost host = TestHost.open(probe, Addresses.literal("127.0.0.1"), folder.resolve("bpf-probe"))) {
            host.remove();
        } catch (IllegalStateException lacking) {
            Assumptions.abort("this machine can't run the data plane: " + lacking.getMessage());
        }
    }
}
