package dev.godwit.edge;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetSocketAddress;
import java.net.SocketTimeoutException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Two edges as processes in networks of their own, and connections that hold through the end of one of them. */
class EdgeFailoverTest {
    private static final Duration TTL = Duration.ofMillis(1500);
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    @TempDir
    Path folder;

    private final List<AutoCloseable> open = new ArrayList<>();
    private EdgeWorld world;
    private TestNamespace networkA;
    private TestNamespace networkB;
    private EdgeProcess a;
    private EdgeProcess b;
    private EchoServer web;
    private EchoServer vm;
    private List<EchoStream> streams;

    @BeforeEach
    void twoEdgesWithTraffic() throws IOException {
        EdgeKernel.assume();
        world = new EdgeWorld();
        networkA = world.edge("edge-a", 11);
        networkB = world.edge("edge-b", 12);
        a = start(networkA, "edge-a", "edge-b");
        await().atMost(PATIENCE).until(() -> a.is(EdgeState.ACTIVE));
        b = start(networkB, "edge-b", "edge-a");
        web = keep(new EchoServer(world.outside, EdgeWorld.OUTSIDE, 7000));
        vm = keep(new EchoServer(world.vm, EdgeWorld.VM, 80));
        EchoServer vm6 = keep(new EchoServer(world.vm, EdgeWorld.VM6, 80));
        assertThat(vm6.seen).isEmpty();
        streams = List.of(
                keep(new EchoStream(world.vm, EdgeWorld.OUTSIDE, 7000)),
                keep(new EchoStream(world.outside, EdgeWorld.PUBLIC, 8080)),
                keep(new EchoStream(world.outside, EdgeWorld.VM6, 80)),
                keep(new EchoStream(world.otherVm, EdgeWorld.PUBLIC, 8080)));
        await().atMost(PATIENCE).until(() -> streams.stream().allMatch(stream -> stream.echoed() > 50));
        await().atMost(PATIENCE).until(() -> b.status().complete() && b.status().copied() >= 4);
    }

    @AfterEach
    void end() throws Exception {
        for (AutoCloseable one : open.reversed()) {
            one.close();
        }
        if (world != null) {
            world.close();
        }
    }

    private EdgeProcess start(TestNamespace network, String id, String other) throws IOException {
        return keep(new EdgeProcess(network, id, other, folder, TTL));
    }

    private <T extends AutoCloseable> T keep(T one) {
        open.add(one);
        return one;
    }

    private void everyStreamGoesOn() {
        List<Long> now = streams.stream().map(EchoStream::echoed).toList();
        await().atMost(PATIENCE).untilAsserted(() -> {
            for (int i = 0; i < now.size(); i++) {
                assertThat(streams.get(i).ended()).as("stream %d", i).isNull();
                assertThat(streams.get(i).echoed()).as("stream %d", i).isGreaterThan(now.get(i) + 50);
            }
        });
    }

    private void longestStall(String what) {
        System.out.printf(
                "%s: longest stall %s ms%n",
                what,
                streams.stream().map(stream -> stream.longest().toMillis()).toList());
    }

    @Test
    void connectionsGoOnWhenTheActiveEdgeIsKilledAndOnceMoreWhenItsFollowerIs() throws IOException {
        DatagramSocket asker = keep(world.vm.call(() -> new DatagramSocket(0, EdgeWorld.VM)));
        assertThat(echoes(asker)).isTrue();
        networkA.run("ip link set pub0 down"); // a host that dies takes its interfaces along
        networkA.run("ip link set vx0 down");
        a.kill();
        await().atMost(PATIENCE).until(() -> b.is(EdgeState.ACTIVE));
        everyStreamGoesOn();
        longestStall("killed, lease of " + TTL.toMillis() + " ms, loaded "
                + b.status().loaded() + " in " + b.status().loadMillis() + " ms");
        int peersBefore = web.seen.size();
        assertThat(echoes(asker)).isTrue();
        assertThat(web.seen).as("the same source, as the other side sees it").hasSize(peersBefore);

        networkA.ip("link set pub0 up", "link set vx0 up", "route replace 10.9.0.0/16 dev vx0");
        networkA.ip("route replace 2001:db8:9::/64 dev vx0");
        networkA.ip("address replace 2001:db8:51::11/64 dev pub0 nodad", "address replace fe80::1/64 dev vx0 nodad");
        a = start(networkA, "edge-a", "edge-b");
        await().atMost(PATIENCE).until(() -> a.status().complete() && a.status().copied() >= 4);
        assertThat(a.is(EdgeState.STANDBY)).isTrue();
        networkB.run("ip link set pub0 down");
        networkB.run("ip link set vx0 down");
        b.kill();
        await().atMost(PATIENCE).until(() -> a.is(EdgeState.ACTIVE));
        everyStreamGoesOn();
    }

    private static boolean echoes(DatagramSocket socket) throws IOException {
        socket.setSoTimeout(2000);
        for (int i = 0; i < 5; i++) {
            socket.send(new DatagramPacket(new byte[4], 4, EdgeWorld.OUTSIDE, 7000));
            try {
                socket.receive(new DatagramPacket(new byte[10], 10));
                return true;
            } catch (SocketTimeoutException e) {
                // Once more.
            }
        }
        return false;
    }

    @Test
    void aFrozenEdgeIsSilentAfterItsLeaseAndNothingOfItGetsOutWhenItThaws() throws IOException {
        a.freeze();
        await().atMost(PATIENCE).until(() -> b.is(EdgeState.ACTIVE));
        spyOnEdgeA();
        everyStreamGoesOn();
        longestStall("frozen");
        onlyTheOtherSpeaks();
        a.thaw();
        await().atMost(PATIENCE)
                .until(() -> a.is(EdgeState.STANDBY) && a.status().complete());
        onlyTheOtherSpeaks();
        everyStreamGoesOn();
        assertThat(said()).contains("packets 0 ");
        await().atMost(PATIENCE)
                .untilAsserted(() ->
                        assertThat(networkA.run("ip address show dev pub0")).doesNotContain("198.51.100.100"));
    }

    @Test
    void ofAnIsolatedEdgeAndItsFollowerExactlyOneSpeaks() throws IOException {
        a.cutOff(true);
        await().atMost(PATIENCE).until(() -> b.is(EdgeState.ACTIVE));
        spyOnEdgeA();
        everyStreamGoesOn();
        assertThat(a.is(EdgeState.STANDBY)).isTrue();
        onlyTheOtherSpeaks();
        a.cutOff(false);
        await().atMost(PATIENCE).until(() -> a.status().complete());
        assertThat(b.is(EdgeState.ACTIVE)).isTrue();
        assertThat(said()).contains("packets 0 ");
    }

    @Test
    void anOutageOfTheStoreSilencesBothAndTheSameConnectionsGoOnAfterIt() throws IOException {
        a.cutOff(true);
        b.cutOff(true);
        await().atMost(PATIENCE).until(() -> a.is(EdgeState.STANDBY));
        long stands = streams.getFirst().echoed();
        await().during(TTL).atMost(PATIENCE).until(() -> streams.getFirst().echoed() <= stands + 1);
        a.cutOff(false);
        await().atMost(PATIENCE).until(() -> a.is(EdgeState.ACTIVE));
        b.cutOff(false);
        everyStreamGoesOn();
        assertThat(a.status().loaded()).as("its kernel knew them all the time").isZero();
    }

    @Test
    void aProgramThatIsStartedAnewWithinItsLeaseGoesOnWithoutAFailOver() throws IOException {
        a.kill();
        a = start(networkA, "edge-a", "edge-b");
        await().atMost(PATIENCE).until(() -> a.is(EdgeState.ACTIVE) || b.is(EdgeState.ACTIVE));
        everyStreamGoesOn();
        longestStall("restarted, " + (a.is(EdgeState.ACTIVE) ? "same" : "other") + " edge");
    }

    @Test
    void namesAreAnsweredOnTheGatewayAddress() throws IOException {
        DatagramSocket asker = keep(world.vm.call(() -> new DatagramSocket(0, EdgeWorld.VM)));
        byte[] question = DnsForwarderTest.query(7, "builder.web.godwit", 1);
        asker.setSoTimeout(10_000);
        asker.send(new DatagramPacket(
                question, question.length, new InetSocketAddress(EdgeWorld.GATEWAY, EdgeSpec.DNS_PORT)));
        byte[] answer = new byte[500];
        DatagramPacket packet = new DatagramPacket(answer, answer.length);
        asker.receive(packet);
        assertThat(Arrays.copyOfRange(answer, packet.getLength() - 4, packet.getLength()))
                .isEqualTo(EdgeWorld.VM.getAddress());
        assertThat(networkA.call(() -> {
                    List<Flow> dns = new ArrayList<>();
                    for (int zone : new int[] {EdgeRules.ZONE, 0}) {
                        try (KernelFlows flows = KernelFlows.open(zone)) {
                            flows.forEach(flow -> {
                                if ((flow.first().ports() & 0xffff) == EdgeSpec.DNS_PORT) {
                                    dns.add(flow);
                                }
                            });
                        }
                    }
                    return dns;
                }))
                .as("questions are not tracked: a flood of them fills no table")
                .isEmpty();
    }

    /** Counts what comes out of edge-a for the public addresses or to VMs, from now on. */
    private void spyOnEdgeA() throws IOException {
        world.wires.nft("""
                table bridge spy {
                    counter said { }
                    chain prerouting {
                        type filter hook prerouting priority 0;
                        iifname "p-edge-a-o" ether type ip ip saddr 198.51.100.100 counter name said
                        iifname "p-edge-a-o" ether type arp arp saddr ip 198.51.100.100 counter name said
                        iifname "p-edge-a-o" ether type ip6 ip6 saddr { 2001:db8:51::100, 2001:db8:9::/64 } counter name said
                        iifname "p-edge-a-v" ether type { ip, arp } counter name said
                        iifname "p-edge-a-v" ether type ip6 icmpv6 type != { nd-router-solicit, mld2-listener-report } counter name said
                    }
                }
                """);
    }

    private String said() throws IOException {
        return world.wires.run("nft list counter bridge spy said");
    }

    /** Sends to the old edge itself what it forwarded before; nothing may come of it. */
    private void onlyTheOtherSpeaks() throws IOException {
        String mac = networkA.run("ip -o link show dev pub0").replaceAll("(?s).*link/ether ([0-9a-f:]+).*", "$1");
        String before = world.outside.run("ip neigh show 198.51.100.100 dev eth0");
        world.outside.run("ip neigh replace 198.51.100.100 lladdr " + mac + " dev eth0 nud permanent");
        try (DatagramSocket caller = world.outside.call(() -> new DatagramSocket(0, EdgeWorld.OUTSIDE))) {
            caller.setSoTimeout(200);
            for (int i = 0; i < 5; i++) {
                caller.send(new DatagramPacket(new byte[4], 4, EdgeWorld.PUBLIC, 8080));
                try {
                    caller.receive(new DatagramPacket(new byte[10], 10));
                    throw new AssertionError("the old edge let a packet through");
                } catch (SocketTimeoutException silence) {
                    // As it should be.
                }
            }
        }
        String now = networkB.run("ip -o link show dev pub0").replaceAll("(?s).*link/ether ([0-9a-f:]+).*", "$1");
        world.outside.run("ip neigh replace 198.51.100.100 lladdr " + now + " dev eth0 nud reachable");
        assertThat(before).isNotEmpty();
        assertThat(said()).contains("packets 0 ");
    }
}
