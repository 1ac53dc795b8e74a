package dev.godwit.edge;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.godwit.linux.Clock;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** One edge's rules in a real kernel, between a VM and the world. */
class EdgeTablesTest {
    private static final long FOREVER = Long.MAX_VALUE / 2;

    private final List<AutoCloseable> open = new ArrayList<>();
    private EdgeWorld world;
    private TestNamespace edge;
    private EdgeTables tables;
    private LeaseGuard guard;

    @BeforeEach
    void makeWorld() throws IOException {
        EdgeKernel.assume();
        world = new EdgeWorld();
        edge = world.edge("edge-a", 11);
        tables = new EdgeTables(new EdgeRules(EdgeWorld.SIDES));
        inEdge(() -> tables.open(EdgeWorld.published()));
        guard = edge.call(
                () -> NftLeaseGuard.open(List.of(EdgeWorld.SIDES.vmDevice(), EdgeWorld.SIDES.publicDevice())));
        open.add(guard);
        inEdge(() -> Files.writeString(Path.of("/proc/sys/net/ipv4/ip_forward"), "1"));
        inEdge(() -> Files.writeString(Path.of("/proc/sys/net/ipv6/conf/all/forwarding"), "1"));
        guard.openUntil(FOREVER);
        inEdge(() -> new DeviceClaim("pub0").claim(EdgeWorld.PUBLIC));
        inEdge(() -> new DeviceClaim("pub0").claim(EdgeWorld.PUBLIC6));
    }

    @AfterEach
    void removeWorld() throws Exception {
        for (AutoCloseable one : open.reversed()) {
            one.close();
        }
        if (world != null) {
            world.close();
        }
    }

    private interface Task {
        void run() throws IOException;
    }

    private void inEdge(Task task) throws IOException {
        edge.call(() -> {
            task.run();
            return true;
        });
    }

    private EchoServer server(TestNamespace in, InetAddress address, int port) throws IOException {
        EchoServer server = new EchoServer(in, address, port);
        open.add(server);
        return server;
    }

    private EchoStream stream(TestNamespace from, InetAddress to, int port) throws IOException {
        EchoStream stream = new EchoStream(from, to, port);
        open.add(stream);
        return stream;
    }

    private DatagramSocket datagrams(TestNamespace in, InetAddress at) throws IOException {
        DatagramSocket socket = in.call(() -> new DatagramSocket(0, at));
        open.add(socket);
        return socket;
    }

    private static boolean echoes(DatagramSocket socket, InetAddress to, int port) throws IOException {
        byte[] hello = {1, 2, 3};
        socket.setSoTimeout(300);
        socket.send(new DatagramPacket(hello, hello.length, to, port));
        try {
            socket.receive(new DatagramPacket(new byte[10], 10));
            return true;
        } catch (SocketTimeoutException e) {
            return false;
        }
    }

    private long dropped(EdgeRules.Drop drop) throws IOException {
        return edge.call(() -> tables.dropped()).getOrDefault(drop, 0L);
    }

    @Test
    void aVmGoesOutUnderThePublicAddressAndPublishedPortsLeadToIt() throws IOException {
        EchoServer web = server(world.outside, EdgeWorld.OUTSIDE, 7000);
        EchoServer vm = server(world.vm, EdgeWorld.VM, 80);
        EchoServer vm6 = server(world.vm, EdgeWorld.VM6, 80);
        EchoServer web6 = server(world.outside, EdgeWorld.OUTSIDE6, 7000);
        List<EchoStream> streams = List.of(
                stream(world.vm, EdgeWorld.OUTSIDE, 7000),
                stream(world.outside, EdgeWorld.PUBLIC, 8080),
                stream(world.outside, EdgeWorld.VM6, 80),
                stream(world.vm, EdgeWorld.OUTSIDE6, 7000),
                // A VM that uses what another one publishes.
                stream(world.otherVm, EdgeWorld.PUBLIC, 8080));
        await().until(() -> streams.stream().allMatch(stream -> stream.echoed() > 20));
        assertThat(web.seen).allMatch(from -> from.getAddress().equals(EdgeWorld.PUBLIC));
        assertThat(vm.seen)
                .extracting(InetSocketAddress::getAddress)
                .containsExactlyInAnyOrder(EdgeWorld.OUTSIDE, EdgeWorld.PUBLIC);
        assertThat(vm6.seen).allMatch(from -> from.getAddress().equals(EdgeWorld.OUTSIDE6));
        assertThat(web6.seen).allMatch(from -> from.getAddress().equals(EdgeWorld.VM6));
        DatagramSocket asker = datagrams(world.vm, EdgeWorld.VM);
        await().until(() -> echoes(asker, EdgeWorld.OUTSIDE, 7000));
        DatagramSocket caller = datagrams(world.outside, EdgeWorld.OUTSIDE);
        await().until(() -> echoes(caller, EdgeWorld.PUBLIC, 8080));
    }

    @Test
    void whatIsNotPublishedDoesNotComeInAndAVmDoesNotReachTheEdgeItself() throws IOException {
        server(world.vm, EdgeWorld.VM, 81);
        server(world.vm, EdgeWorld.VM6, 81);
        EchoServer rest = server(edge, InetAddress.ofLiteral("198.51.100.11"), 7440);
        world.outside.ip("route add 10.9.0.0/16 via 198.51.100.11 dev eth0");
        assertThatThrownBy(() -> connect(world.outside, EdgeWorld.VM, 81)).isInstanceOf(IOException.class);
        assertThatThrownBy(() -> connect(world.outside, EdgeWorld.VM6, 81)).isInstanceOf(IOException.class);
        assertThat(dropped(EdgeRules.Drop.FORWARD_STRANGER)).isGreaterThanOrEqualTo(2);
        assertThatThrownBy(() -> connect(world.vm, InetAddress.ofLiteral("198.51.100.11"), 7440))
                .isInstanceOf(IOException.class);
        assertThatThrownBy(() -> connect(world.vm, EdgeWorld.GATEWAY, 7440)).isInstanceOf(IOException.class);
        assertThat(dropped(EdgeRules.Drop.INPUT_STRANGER)).isGreaterThanOrEqualTo(2);
        assertThat(rest.seen).isEmpty();
        // The host's own services answer others as before.
        await().until(() -> stream(world.outside, InetAddress.ofLiteral("198.51.100.11"), 7440)
                        .echoed()
                >= 0);
    }

    private static void connect(TestNamespace from, InetAddress to, int port) throws IOException {
        from.call(() -> {
            try (Socket socket = new Socket()) {
                socket.connect(new InetSocketAddress(to, port), 400);
                return true;
            }
        });
    }

    @Test
    void withoutTheLeaseNothingPassesAndNothingIsSaidForThePublicAddress() throws IOException {
        server(world.outside, EdgeWorld.OUTSIDE, 7000);
        server(world.vm, EdgeWorld.VM, 80);
        EchoStream out = stream(world.vm, EdgeWorld.OUTSIDE, 7000);
        EchoStream in = stream(world.outside, EdgeWorld.PUBLIC, 8080);
        await().until(() -> out.echoed() > 20 && in.echoed() > 20);
        guard.shut();
        world.wires.nft("""
                table bridge spy {
                    counter said { }
                    chain prerouting {
                        type filter hook prerouting priority 0;
                        iifname "p-edge-a-o" ether type ip ip saddr 198.51.100.100 counter name said
                        iifname "p-edge-a-o" ether type arp arp saddr ip 198.51.100.100 counter name said
                        iifname "p-edge-a-o" ether type ip6 ip6 saddr 2001:db8:51::100 counter name said
                        iifname "p-edge-a-v" counter name said
                    }
                }
                """);
        long outWas = out.echoed();
        DatagramSocket caller = datagrams(world.outside, EdgeWorld.OUTSIDE);
        DatagramSocket asker = datagrams(world.vm, EdgeWorld.VM);
        for (int i = 0; i < 3; i++) {
            assertThat(echoes(caller, EdgeWorld.PUBLIC, 8080)).isFalse();
            assertThat(echoes(asker, EdgeWorld.OUTSIDE, 7000)).isFalse();
        }
        // Neighbours that are asked for the address hear nothing, and the edge can't announce it either.
        world.outside.ip("neigh flush dev eth0");
        assertThat(echoes(caller, EdgeWorld.PUBLIC, 8080)).isFalse();
        for (InetAddress address : List.of(EdgeWorld.PUBLIC, EdgeWorld.PUBLIC6)) {
            assertThatThrownBy(() -> inEdge(() -> new DeviceClaim("pub0").announce(address)))
                    .hasMessageContaining("ENOBUFS");
        }
        assertThat(out.echoed()).isLessThanOrEqualTo(outWas + 1);
        assertThat(world.wires.run("nft list counter bridge spy said")).contains("packets 0 ");
        assertThat(dropped(EdgeRules.Drop.ENTER_LEASE)).isPositive();
        assertThat(dropped(EdgeRules.Drop.LEAVE_LEASE)).isPositive();
        guard.openUntil(FOREVER);
        await().atMost(Duration.ofSeconds(30)).until(() -> out.echoed() > outWas + 20);
        assertThat(out.ended()).isNull();
    }

    @Test
    void theLeaseEndsInTheKernelByItself() throws IOException {
        server(world.outside, EdgeWorld.OUTSIDE, 7000);
        DatagramSocket asker = datagrams(world.vm, EdgeWorld.VM);
        long until = Clock.BOOTTIME.nanos() + Duration.ofMillis(1500).toNanos();
        guard.openUntil(until);
        long last = 0;
        int echoes = 0;
        while (Clock.BOOTTIME.nanos() < until + Duration.ofMillis(700).toNanos()) {
            long sent = Clock.BOOTTIME.nanos();
            if (echoes(asker, EdgeWorld.OUTSIDE, 7000)) {
                echoes++;
                last = sent;
            }
        }
        assertThat(echoes).isPositive();
        assertThat(last)
                .as("sent in time")
                .isLessThan(until + Duration.ofMillis(50).toNanos());
        guard.openUntil(Clock.BOOTTIME.nanos() - 1);
        assertThat(echoes(asker, EdgeWorld.OUTSIDE, 7000)).isFalse();
    }

    @Test
    void renewalsAndReplacedRulesLoseNoPacketAndNoConnection() throws Exception {
        server(world.outside, EdgeWorld.OUTSIDE, 7000);
        server(world.vm, EdgeWorld.VM, 80);
        EchoStream stream = stream(world.outside, EdgeWorld.PUBLIC, 8080);
        await().until(() -> stream.echoed() > 5);
        DatagramSocket asker = datagrams(world.vm, EdgeWorld.VM);
        await().until(() -> echoes(asker, EdgeWorld.OUTSIDE, 7000));
        asker.setSoTimeout(2000);
        int renewals = 0;
        Thread replaces = edge.start(() -> {
            try {
                for (int i = 0; i < 60; i++) {
                    tables.replace(i % 2 == 0 ? PublishedPorts.none() : EdgeWorld.published());
                }
                tables.replace(EdgeWorld.published());
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
        int sent = 0;
        int lost = 0;
        ByteBuffer number = ByteBuffer.allocate(4);
        DatagramPacket answer = new DatagramPacket(new byte[10], 10);
        while (replaces.isAlive() || renewals < 1500) {
            guard.openUntil(Clock.BOOTTIME.nanos() + Duration.ofSeconds(30).toNanos());
            renewals++;
            asker.send(new DatagramPacket(number.putInt(0, sent++).array(), 4, EdgeWorld.OUTSIDE, 7000));
            guard.openUntil(Clock.BOOTTIME.nanos() + Duration.ofSeconds(30).toNanos());
            try {
                asker.receive(answer);
            } catch (SocketTimeoutException e) {
                lost++;
            }
        }
        System.out.printf("%d renewals, 61 replacements: %d datagrams, %d lost%n", 2 * renewals, sent, lost);
        assertThat(lost).isZero();
        assertThat(stream.ended()).isNull();
        long now = stream.echoed();
        await().until(() -> stream.echoed() > now + 5);
    }

    @Test
    void rulesOfOtherDevicesInTheWayAreMadeAnewAndRemovalLeavesNothing() throws IOException {
        inEdge(tables::remove);
        assertThat(edge.run("nft list ruleset")).isEmpty();
        edge.nft("table inet godwit_edge { set lease { type ipv4_addr; }; }\n");
        inEdge(() -> tables.open(EdgeWorld.published()));
        assertThat(edge.run("nft list ruleset")).contains("198.51.100.100 . tcp . 8080 : 10.9.0.5 . 80");
        inEdge(() -> tables.open(EdgeWorld.published()));
        inEdge(tables::remove);
        assertThat(edge.run("nft list ruleset")).isEmpty();
    }
}
