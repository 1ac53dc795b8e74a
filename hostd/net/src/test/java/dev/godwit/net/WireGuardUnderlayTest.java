package dev.godwit.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.List;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

class WireGuardUnderlayTest {
    private static final String KEY = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    private static final WireGuardUnderlay UNDERLAY = new WireGuardUnderlay(Addresses.literal("10.99.0.1"), 51820);

    @Test
    void theConfigurationAllowsEachPeerItsOneAddress() {
        String text = UNDERLAY.configuration(
                KEY,
                List.of(
                        new WireGuardPeer(
                                KEY, Addresses.literal("10.99.0.2"), new InetSocketAddress("192.0.2.2", 51820)),
                        new WireGuardPeer(
                                KEY, Addresses.literal("fd99::3"), new InetSocketAddress("2001:db8::3", 4000))));

        assertThat(text)
                .startsWith("[Interface]\nPrivateKey = " + KEY + "\nListenPort = 51820\n")
                .contains("AllowedIPs = 10.99.0.2/32\nEndpoint = 192.0.2.2:51820\n")
                .contains("AllowedIPs = fd99:0:0:0:0:0:0:3/128\nEndpoint = [2001:db8:0:0:0:0:0:3]:4000\n");
    }

    @Test
    void aKeyThatIsNoneIsRefusedAndNotRepeated() {
        assertThatThrownBy(() -> UNDERLAY.configuration("secret\n[Peer]", List.of()))
                .hasMessage("the private key is not 32 bytes in base64");
        assertThatThrownBy(() -> new WireGuardUnderlay(Addresses.literal("10.99.0.1"), 0))
                .hasMessageContaining("port 0");
        assertThatThrownBy(() -> new WireGuardPeer(
                        KEY, Addresses.literal("10.99.0.2"), InetSocketAddress.createUnresolved("host", 1)))
                .hasMessageContaining("is a name");
    }

    @Test
    void twoHostsSpeakThroughTheKernelsTunnel() throws IOException {
        try (TestNamespace one = TestNamespace.create("one");
                TestNamespace two = TestNamespace.create("two")) {
            Assumptions.assumeTrue(one.in(WireGuardUnderlay::isSupported), "this kernel has no WireGuard");
            one.ip("link add up0 type veth peer name up0 netns " + two.pid());
            String oneKey = one.run("wg", "genkey");
            String twoKey = two.run("wg", "genkey");
            open(one, "1", oneKey, "2", publicKey(two, twoKey));
            open(two, "2", twoKey, "1", publicKey(one, oneKey));

            assertThat(one.run("ping", "-n", "-q", "-c", "3", "-i", "0.2", "-W", "5", "10.99.0.2"))
                    .contains("0% packet loss");
        }
    }

    private static String publicKey(TestNamespace machine, String privateKey) {
        return machine.in(() -> CommandLine.runWithInput(privateKey + "\n", "wg", "pubkey"));
    }

    private static void open(TestNamespace machine, String number, String key, String other, String otherKey) {
        machine.ip("link set up0 up\naddress add 192.0.2." + number + "/24 dev up0");
        machine.in(() -> {
            WireGuardUnderlay underlay = new WireGuardUnderlay(Addresses.literal("10.99.0." + number), 51820);
            underlay.open();
            underlay.peers(
                    key,
                    List.of(new WireGuardPeer(
                            otherKey,
                            Addresses.literal("10.99.0." + other),
                            new InetSocketAddress("192.0.2." + other, 51820))));
            return true;
        });
    }
}
