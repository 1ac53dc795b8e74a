package dev.godwit.edge;

import dev.godwit.edge.PublishedPort.Protocol;
import dev.godwit.net.Prefix;
import java.io.IOException;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;

/**
 * The world, two edges and a VM, each a network namespace, joined by two bridges in one more. The VM side is plain
 * Ethernet in place of the vxlan device: an edge does not know the difference.
 *
 * <pre>
 * outside 198.51.100.7 ── br-out ── pub0 edge-a vx0 ── br-vm ── VM 10.9.0.5
 *                             └──── pub0 edge-b vx0 ────┘
 * </pre>
 */
final class EdgeWorld implements AutoCloseable {
    static final InetAddress OUTSIDE = InetAddress.ofLiteral("198.51.100.7");
    static final InetAddress OUTSIDE6 = InetAddress.ofLiteral("2001:db8:51::7");
    static final InetAddress PUBLIC = InetAddress.ofLiteral("198.51.100.100");
    static final InetAddress PUBLIC6 = InetAddress.ofLiteral("2001:db8:51::100");
    static final InetAddress VM = InetAddress.ofLiteral("10.9.0.5");
    static final InetAddress OTHER_VM = InetAddress.ofLiteral("10.9.0.6");
    static final InetAddress VM6 = InetAddress.ofLiteral("2001:db8:9::5");
    static final InetAddress GATEWAY = InetAddress.ofLiteral("169.254.1.1");
    static final EdgeSides SIDES = new EdgeSides(
            "pub0",
            List.of(new PublicAddress(PUBLIC, true), new PublicAddress(PUBLIC6, true)),
            "vx0",
            List.of(Prefix.parse("10.9.0.0/16"), Prefix.parse("2001:db8:9::/64")),
            List.of(GATEWAY));

    private final List<TestNamespace> open = new ArrayList<>();
    final TestNamespace wires;
    final TestNamespace outside;
    final TestNamespace vm;
    final TestNamespace otherVm;

    EdgeWorld() throws IOException {
        wires = namespace("wires");
        wires.ip(
                "link add br-out type bridge forward_delay 0 stp_state 0 mcast_snooping 0",
                "link add br-vm type bridge forward_delay 0 stp_state 0 mcast_snooping 0",
                "link set br-out up",
                "link set br-vm up");
        outside = namespace("outside");
        plug(outside, "br-out", "out", "eth0");
        outside.ip(
                "address add 198.51.100.7/24 dev eth0",
                "address add 2001:db8:51::7/64 dev eth0 nodad",
                "link set eth0 up",
                // Whoever has the public address of IPv6 leads to the VMs.
                "route add 2001:db8:9::/64 via 2001:db8:51::100 dev eth0");
        vm = vm("vm", "10.9.0.5/32", "2001:db8:9::5/128");
        otherVm = vm("other-vm", "10.9.0.6/32", "2001:db8:9::6/128");
    }

    private TestNamespace vm(String name, String address, String address6) throws IOException {
        TestNamespace made = namespace(name);
        plug(made, "br-vm", name, "eth0");
        made.ip(
                "link set eth0 up",
                "address add " + address + " dev eth0",
                "address add " + address6 + " dev eth0 nodad",
                "route add default via 169.254.1.1 dev eth0 onlink",
                "route add ::/0 via fe80::1 dev eth0");
        return made;
    }

    TestNamespace namespace(String name) throws IOException {
        TestNamespace made = TestNamespace.open(name);
        open.add(made);
        return made;
    }

    void plug(TestNamespace into, String bridge, String port, String device) throws IOException {
        wires.ip("link add p-" + port + " type veth peer name " + device + " netns " + into.pid());
        wires.ip("link set p-" + port + " master " + bridge + " up");
    }

    /** The network of an edge, with its two interfaces. */
    TestNamespace edge(String id, int number) throws IOException {
        TestNamespace edge = namespace(id);
        plug(edge, "br-out", id + "-o", "pub0");
        plug(edge, "br-vm", id + "-v", "vx0");
        edge.ip(
                "link set pub0 up",
                "link set vx0 up",
                "address add 198.51.100." + number + "/24 dev pub0",
                "address add 2001:db8:51::" + number + "/64 dev pub0 nodad",
                "address add 169.254.1.1/32 dev vx0",
                "address add fe80::1/64 dev vx0 nodad",
                "route add 10.9.0.0/16 dev vx0",
                "route add 2001:db8:9::/64 dev vx0");
        return edge;
    }

    /** What each test publishes: 8080 to the VM's 80, on TCP and UDP, and the VM's 80 of IPv6. */
    static PublishedPorts published() {
        return PublishedPorts.of(
                SIDES,
                List.of(
                        new PublishedPort(Protocol.TCP, PUBLIC, 8080, VM, 80),
                        new PublishedPort(Protocol.UDP, PUBLIC, 8080, VM, 80),
                        new PublishedPort(Protocol.TCP, VM6, 80, VM6, 80)));
    }

    @Override
    public void close() {
        open.reversed().forEach(TestNamespace::close);
    }
}
