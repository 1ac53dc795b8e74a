package dev.godwit.net;

import dev.godwit.linux.Links;
import dev.godwit.linux.Mount;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * A client, a router that plays the edge, and two hosts, each on a subnet of its own; nothing but a core router joins
 * them.
 *
 * <pre>
 *   client 10.92.0.2 ── core ── edge 10.93.0.2
 *                        │ └─── host a 10.94.0.2
 *                        └───── host b 10.95.0.2
 * </pre>
 */
final class RoutedFleet implements AutoCloseable {
    static final int VNI = 7;
    static final InetAddress CLIENT = Addresses.literal("10.92.0.2");
    static final InetAddress CLIENT_V6 = Addresses.literal("fd92::2");
    static final InetAddress EDGE = Addresses.literal("10.93.0.2");
    static final InetAddress A = Addresses.literal("10.94.0.2");
    static final InetAddress B = Addresses.literal("10.95.0.2");

    private final List<AutoCloseable> open = new ArrayList<>();
    private final TestNamespace core;
    private final TestNamespace client;
    private final TestNamespace edge;
    private final DataPlaneMaps edgeMaps;
    private final TestHost a;
    private final TestHost b;

    private RoutedFleet(Path folder) throws IOException {
        core = opened(TestNamespace.create("core"));
        core.sysctl("net/ipv4/ip_forward", "1");
        core.sysctl("net/ipv6/conf/all/forwarding", "1");
        client = machine("client", CLIENT);
        edge = machine("edge", EDGE);
        a = opened(TestHost.open(machine("a", A), A, folder.resolve("bpf-a")));
        b = opened(TestHost.open(machine("b", B), B, folder.resolve("bpf-b")));
        core.ip("""
                route add 10.200.0.0/16 via 10.93.0.2
                route add fd77::/64 via fd93::2
                """);
        edgeMaps = opened(openEdge(folder.resolve("bpf-edge")));
        Set<InetAddress> all = Set.of(A, B, EDGE);
        for (TestHost host : List.of(a, b)) {
            host.machine().in(() -> {
                host.network().peers(all);
                host.maps().edges().put(new Edge(VNI, EDGE, Optional.empty()));
                host.maps().lease().forever();
                return true;
            });
        }
    }

    static RoutedFleet open(Path folder) throws IOException {
        return new RoutedFleet(folder);
    }

    private TestNamespace machine(String name, InetAddress address) throws IOException {
        TestNamespace made = opened(TestNamespace.create(name));
        int subnet = address.getAddress()[1] & 0xff;
        core.ip("""
                link add to-%1$s type veth peer name up0 netns %2$d
                link set to-%1$s up
                address add 10.%3$d.0.1/24 dev to-%1$s
                address add fd%3$d::1/64 dev to-%1$s nodad
                """.formatted(name, made.pid(), subnet));
        made.ip("""
                link set up0 up
                address add 10.%1$d.0.2/24 dev up0
                address add fd%1$d::2/64 dev up0 nodad
                route add default via 10.%1$d.0.1
                route add default via fd%1$d::1
                """.formatted(subnet));
        return made;
    }

    private DataPlaneMaps openEdge(Path bpf) throws IOException {
        edge.sysctl("net/ipv4/ip_forward", "1");
        edge.sysctl("net/ipv6/conf/all/forwarding", "1");
        edge.ip("""
                link add vx0 type vxlan external dstport 4789 nolearning udp6zerocsumrx
                link set vx0 arp off addrgenmode none mtu 1370 up
                route add 10.200.0.0/16 dev vx0
                route add fd77::/64 dev vx0
                """);
        Files.createDirectories(bpf);
        Mount.bpf(bpf);
        open.add(() -> Mount.unmount(bpf));
        return edge.in(() -> {
            int vxlan;
            try (Links links = Links.open()) {
                vxlan = links.find("vx0").orElseThrow().index();
            }
            DataPlaneMaps maps = DataPlaneMaps.open(bpf.resolve("godwit"));
            maps.configure(new Settings(EDGE, vxlan, Settings.STACK_MARK));
            maps.peers().set(Set.of(A, B));
            maps.edges().put(new Edge(VNI, EDGE, Optional.empty()));
            maps.lease().forever();
            maps.attach(Hook.VX_GW, vxlan);
            maps.attach(Hook.VX_OUT, vxlan);
            return maps;
        });
    }

    private <T extends AutoCloseable> T opened(T made) {
        open.add(made);
        return made;
    }

    TestNamespace client() {
        return client;
    }

    TestNamespace core() {
        return core;
    }

    TestNamespace edge() {
        return edge;
    }

    DataPlaneMaps edgeMaps() {
        return edgeMaps;
    }

    TestHost a() {
        return a;
    }

    TestHost b() {
        return b;
    }

    TestHost other(TestHost host) {
        return host == a ? b : a;
    }

    /** Tells the edge first, then hosts. */
    void locate(ShuttleVm vm, Location like) throws IOException {
        for (DataPlaneMaps maps : List.of(edgeMaps, a.maps(), b.maps())) {
            locate(maps, vm, like);
        }
    }

    static void locate(DataPlaneMaps maps, ShuttleVm vm, Location like) throws IOException {
        for (InetAddress address : vm.addresses()) {
            maps.locations()
                    .put(new Location(new VmAddress(VNI, address), like.host(), like.fence(), like.previousHost()));
        }
    }

    @Override
    public void close() throws Exception {
        Exception failed = null;
        for (AutoCloseable each : open.reversed()) {
            try {
                each.close();
            } catch (Exception e) {
                failed = e;
            }
        }
        if (failed != null) {
            throw failed;
        }
    }
}
