package dev.godwit.edge;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.godwit.edge.PublishedPort.Protocol;
import dev.godwit.net.Prefix;
import java.net.InetAddress;
import java.util.List;
import org.junit.jupiter.api.Test;

class PublishedPortsTest {
    private static final InetAddress PUBLIC = InetAddress.ofLiteral("192.0.2.1");
    private static final InetAddress VM = InetAddress.ofLiteral("10.9.0.5");
    private static final InetAddress OTHER_VM = InetAddress.ofLiteral("10.9.0.6");
    private static final InetAddress VM6 = InetAddress.ofLiteral("2001:db8:9::5");
    static final EdgeSides SIDES = new EdgeSides(
            "pub0",
            List.of(new PublicAddress(PUBLIC, true)),
            "vx0",
            List.of(Prefix.parse("10.9.0.0/16"), Prefix.parse("2001:db8:9::/64")),
            List.of(InetAddress.ofLiteral("169.254.1.1"), InetAddress.ofLiteral("fe80::1")));

    private static PublishedPort tcp(int port, InetAddress vm, int vmPort) {
        return new PublishedPort(Protocol.TCP, PUBLIC, port, vm, vmPort);
    }

    @Test
    void onePublicPortCannotLeadToTwoVms() {
        assertThatThrownBy(() -> PublishedPorts.of(SIDES, List.of(tcp(8080, VM, 80), tcp(8080, OTHER_VM, 80))))
                .hasMessage("192.0.2.1 TCP port 8080 leads to 10.9.0.5 port 80 already; unpublish that first,"
                        + " or choose another public port");
        PublishedPort udp = new PublishedPort(Protocol.UDP, PUBLIC, 8080, OTHER_VM, 80);
        assertThat(PublishedPorts.of(SIDES, List.of(tcp(8080, VM, 80), udp, tcp(8080, VM, 80)))
                        .ports())
                .hasSize(2);
    }

    @Test
    void aPortLeadsFromAnAddressOfTheEdgeToAnAddressOfAVm() {
        InetAddress web = InetAddress.ofLiteral("198.51.100.7");
        assertThatThrownBy(() -> PublishedPorts.of(SIDES, List.of(tcp(8080, web, 80))))
                .hasMessageContaining("no VM has an address outside of");
        assertThatThrownBy(() -> PublishedPorts.of(SIDES, List.of(new PublishedPort(Protocol.TCP, web, 8080, VM, 80))))
                .hasMessageContaining("none of this edge's");
    }

    @Test
    void numbersAndFamiliesThatCannotBeAreRefused() {
        assertThatThrownBy(() -> tcp(0, VM, 80)).hasMessageContaining("public port 0 is not between 1 and 65535");
        assertThatThrownBy(() -> tcp(80, VM, 65536)).hasMessageContaining("VM port 65536");
        assertThatThrownBy(() -> tcp(80, VM6, 80)).hasMessageContaining("different families");
        assertThatThrownBy(() -> new PublishedPort(Protocol.TCP, VM6, 8080, VM6, 80))
                .hasMessageContaining("at its own address and port");
    }

    @Test
    void namesOfInterfacesThatNftWouldReadOtherwiseAreRefused() {
        for (String name : List.of("", "pub0\"", "pub0 drop", "a;b", "sixteen-letters-x", "-pub")) {
            assertThatThrownBy(() -> new EdgeSides(name, List.of(), "vx0", List.of(), List.of()))
                    .as(name)
                    .hasMessageContaining("is not the name of an interface");
        }
    }

    @Test
    void aPublicAddressAmongTheVmsIsRefused() {
        assertThatThrownBy(() -> new EdgeSides(
                        "pub0", List.of(new PublicAddress(VM, true)), "vx0", SIDES.vmPrefixes(), List.of()))
                .hasMessageContaining("lies in the VMs' 10.9.0.0/16");
    }
}
