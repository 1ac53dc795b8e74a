package dev.godwit.lab.packets;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.godwit.lab.DistFiles;
import dev.godwit.lab.HostNamespaces;
import dev.godwit.lab.LabNetwork;
import java.net.InetAddress;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Needs root. */
@Timeout(value = 1, unit = TimeUnit.MINUTES)
class PacketCaptureTest {
    /** RFC 7348's header with the network 5 and the mark of one that was passed on, Ethernet, IPv4 from 172.16.0.1 to 172.16.0.2. */
    private static final String FRAME =
            "\\x08\\0\\0\\0\\x40\\0\\x05\\0" + "\\0\\0\\0\\0\\0\\2\\0\\0\\0\\0\\0\\1\\x08\\0"
                    + "\\x45\\0\\0\\x14\\0\\0\\0\\0\\x40\\x11\\0\\0\\xac\\x10\\0\\1\\xac\\x10\\0\\2";

    @Test
    void whatPassesBetweenStartAndStopIsSeenAndTheFileIsWhole(@TempDir Path folder) throws Exception {
        Assumptions.assumeTrue(LabNetwork.isPrivate(), "no network namespace of its own: needs root");
        try (HostNamespaces router = HostNamespaces.open(DistFiles.ofProperty(), "router", List.of())) {
            router.run("ip", "link", "set", "lo", "up");
            send(router);
            Path file = folder.resolve("seen.pcap");
            List<VxlanFrame> seen;
            try (PacketCapture capture = PacketCapture.start(router, "udp port 4789", file)) {
                send(router);
                send(router);
                await().ignoreExceptions().until(() -> PcapFile.read(file).size() == 2);
                seen = capture.stop();
            }
            assertThat(seen).hasSize(2).allSatisfy(frame -> {
                assertThat(frame.source()).isEqualTo(InetAddress.getByName("172.16.0.1"));
                assertThat(frame.destination()).isEqualTo(InetAddress.getByName("172.16.0.2"));
                assertThat(frame.vni()).isEqualTo(5);
                assertThat(frame.forwarded()).isTrue();
            });
        }
    }

    private static void send(HostNamespaces router) {
        router.run("bash", "-c", "printf '" + FRAME + "' >/dev/udp/127.0.0.1/4789");
    }
}
