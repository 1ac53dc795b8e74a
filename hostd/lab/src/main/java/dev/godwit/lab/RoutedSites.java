package dev.godwit.lab;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Every machine in networks of its own, joined by routers only: nothing that needs a common segment works here. There is a
 * router for each kind of traffic, so that none can take another's way.
 *
 * <pre>
 *   host N    peer0  10.79.N.2/24   --  router-peer   the peer wire
 *   host N    ctl0   10.78.N.2/24   --  router-ctl    REST, fleet store, metadata;  lab: 10.78.250.2
 *   host N    net0   10.76.N.2/24   --  router-net    the VMs' packets from host to host
 *   edge N    pub0   198.51.100.N/24 -- router-wan    the public side;              lab: 192.0.2.2, 2001:db8:2::2
 * </pre>
 *
 * The edges of one pair share the segment of {@code pub0}: a public address moves from one to the other there.
 */
public final class RoutedSites implements LabNetwork {
    /** The address that the edges hold in turns, and that stands for all VMs outside. */
    public static final String PUBLIC = "198.51.100.9";

    public static final String PUBLIC6 = "2001:db8:1::9";
    /** Of the VMs, the same on every host. */
    public static final String VM_SUBNET = "10.90.0.0/16";

    public static final String VM_SUBNET6 = "fd90:676f:6477::/48";

    /** Numbers from here on are those of edges. */
    static final int FIRST_EDGE = 101;

    private static final String LAB = "10.78.250.2";
    private static final String CLIENT = "192.0.2.2";
    private static final List<String> ROUTERS = List.of("router-peer", "router-ctl", "router-net", "router-wan");

    private final Map<String, HostNamespaces> routers = new LinkedHashMap<>();

    private RoutedSites() {}

    /**
     * Makes the routers and the lab's own legs.
     *
     * @param directory notes the routers, so that a later lab removes what a killed one left
     * @throws LabException if this process still is in the machine's own network namespace
     */
    static RoutedSites open(DistFiles dist, LabDirectory directory) {
        LabNetwork.requirePrivate();
        RoutedSites sites = new RoutedSites();
        try {
            for (String name : ROUTERS) {
                HostNamespaces router = HostNamespaces.open(dist, name, List.of());
                directory.record(router);
                sites.routers.put(name, router);
                router.run(
                        "sh",
                        "-c",
                        "ip link set lo up; echo 1 > /proc/sys/net/ipv4/ip_forward;"
                                + " echo 1 > /proc/sys/net/ipv6/conf/all/forwarding");
            }
            sites.layTheLabsLegs();
        } catch (LabException e) {
            sites.close();
            throw e;
        }
        return sites;
    }

    private void layTheLabsLegs() {
        ip(List.of(), """
                link set lo up
                link add ctl0 type veth peer name lab netns %d
                link add wan0 type veth peer name lab netns %d
                address add %s/24 dev ctl0
                address add %s/24 dev wan0
                address add 2001:db8:2::2/64 dev wan0 nodad
                link set ctl0 up
                link set wan0 up
                """.formatted(
                        router("router-ctl").initPid(), router("router-wan").initPid(), LAB, CLIENT));
        ip(router("router-ctl").networkEntry(), """
                address add 10.78.250.1/24 dev lab
                link set lab up
                """);
        ip(router("router-wan").networkEntry(), """
                address add 192.0.2.1/24 dev lab
                address add 2001:db8:2::1/64 dev lab nodad
                link set lab up
                link add br-pub type bridge forward_delay 0 stp_state 0 mcast_snooping 0
                address add 198.51.100.1/24 dev br-pub
                address add 2001:db8:1::1/64 dev br-pub nodad
                link set br-pub up
                """);
        ip(List.of(), """
                route add 10.78.0.0/16 via 10.78.250.1 dev ctl0
                route add default via 192.0.2.1 dev wan0
                route add default via 2001:db8:2::1 dev wan0
                """);
    }

    @Override
    public HostAddress address(int number) {
        return new HostAddress(
                number, "10.79." + number + ".2", "10.78." + number + ".2", Optional.of("10.76." + number + ".2"));
    }

    @Override
    public String lab() {
        return LAB;
    }

    @Override
    public String client() {
        return CLIENT;
    }

    @Override
    public String hostdLines(HostAddress address) {
        return """
                role: %s
                vm-network:
                  subnet: %s
                  subnet6: "%s"
                  underlay: plain
                  underlay-address: %s
                  closed: ["10.76.0.0/16", "10.78.0.0/16", "10.79.0.0/16"]
                """.formatted(
                                isEdge(address) ? "edge" : "host",
                                VM_SUBNET,
                                VM_SUBNET6,
                                address.underlay().orElseThrow())
                + (isEdge(address) ? edgeLines() : "");
    }

    private static boolean isEdge(HostAddress address) {
        return address.number() >= FIRST_EDGE;
    }

    private static String edgeLines() {
        return """
                edge:
                  public-device: pub0
                  public-addresses: ["%s"]
                """.formatted(PUBLIC);
    }

    /** The router between the hosts' {@code net0}: all packets of VMs that go from host to host pass it. */
    public HostNamespaces underlayRouter() {
        return router("router-net");
    }

    /** The router between the edges and the outside. */
    public HostNamespaces publicRouter() {
        return router("router-wan");
    }

    @Override
    public void attach(HostNamespaces machine, HostAddress address) {
        leg(machine, "router-peer", "p-", "peer0", "10.79", address.number());
        leg(machine, "router-ctl", "c-", "ctl0", "10.78", address.number());
        leg(machine, "router-net", "n-", "net0", "10.76", address.number());
    }

    /** {@code pub0}, with the default route. */
    @Override
    public void attachPublic(HostNamespaces machine, HostAddress address) {
        ip(router("router-wan").networkEntry(), """
                link add w-%1$s master br-pub type veth peer name pub0 netns %2$d
                link set w-%1$s up
                """.formatted(machine.name(), machine.initPid()));
        ip(machine.networkEntry(), """
                address add 198.51.100.%1$d/24 dev pub0
                address add 2001:db8:1::%1$d/64 dev pub0 nodad
                link set pub0 up
                route add default via 198.51.100.1 dev pub0
                route add default via 2001:db8:1::1 dev pub0
                """.formatted(address.number()));
    }

    private void leg(HostNamespaces machine, String router, String prefix, String device, String network, int number) {
        ip(router(router).networkEntry(), """
                link add %1$s%2$s type veth peer name %3$s netns %4$d
                address add %5$s.%6$d.1/24 dev %1$s%2$s
                link set %1$s%2$s up
                """.formatted(
                        prefix, machine.name(), device, machine.initPid(), network, number));
        ip(machine.networkEntry(), """
                link set lo up
                address add %1$s.%2$d.2/24 dev %3$s
                link set %3$s up
                route add %1$s.0.0/16 via %1$s.%2$d.1 dev %3$s
                """.formatted(network, number, device));
    }

    @Override
    public void detach(String machine) {
        for (List<String> leg : List.of(
                List.of("router-peer", "p-"),
                List.of("router-ctl", "c-"),
                List.of("router-net", "n-"),
                List.of("router-wan", "w-"))) {
            // It may have gone with its machine already: that is what is wanted.
            Command.of("ip", "link", "del", leg.get(1) + machine)
                    .behind(router(leg.getFirst()).networkEntry())
                    .tryRun();
        }
    }

    @Override
    public void peerLink(HostNamespaces machine, boolean up) {
        ip(router("router-peer").networkEntry(), "link set p-" + machine.name() + (up ? " up\n" : " down\n"));
    }

    @Override
    public List<HostNamespaces> keep() {
        routers.values().forEach(HostNamespaces::keep);
        return List.copyOf(routers.values());
    }

    @Override
    public void close() {
        List<LabException> failed = new ArrayList<>();
        for (HostNamespaces router : routers.values()) {
            try {
                router.close();
            } catch (LabException e) {
                failed.add(e);
            }
        }
        for (String leg : List.of("ctl0", "wan0")) {
            Command.of("ip", "link", "del", leg).tryRun(); // gone with its router's namespace, as a rule
        }
        if (!failed.isEmpty()) {
            throw failed.getFirst();
        }
    }

    private HostNamespaces router(String name) {
        return Optional.ofNullable(routers.get(name)).orElseThrow(() -> new LabException("there is no router " + name));
    }

    private static void ip(List<String> entry, String batch) {
        Command.of("ip", "-batch", "-").withInput(batch).behind(entry).run();
    }
}
