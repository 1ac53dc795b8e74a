package dev.godwit.edge;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.godwit.linux.Mount;
import dev.godwit.net.Edge;
import dev.godwit.net.HostNetwork;
import dev.godwit.net.HostNetworkSpec;
import dev.godwit.net.Location;
import dev.godwit.net.MacAddress;
import dev.godwit.net.Policy;
import dev.godwit.net.VmAddress;
import dev.godwit.net.VmPort;
import dev.godwit.net.VmPortSpec;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardWatchEventKinds;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A VM at a host of the data plane, two edges, and the world: every packet goes through the programs, the tunnel and an
 * edge's rules. The VM is a namespace behind a tap ({@code native/probes/shuttle}).
 */
class EdgeOverVxlanTest {
    private static final Path SHUTTLE = Path.of(System.getProperty("godwit.root", "."), "dist/native/probes/shuttle");
    private static final InetAddress HOST = InetAddress.ofLiteral("10.90.0.1");
    private static final InetAddress EDGE_A = InetAddress.ofLiteral("10.90.0.11");
    private static final InetAddress EDGE_B = InetAddress.ofLiteral("10.90.0.12");
    private static final MacAddress MAC = MacAddress.parse("02:00:00:00:09:05");
    private static final Duration TTL = Duration.ofMillis(1500);
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final Duration STOP_LOOKED_FOR = Duration.ofMillis(100);
    private static final int VNI = 1;

    @TempDir
    Path folder;

    private final List<AutoCloseable> open = new ArrayList<>();
    private final AtomicBoolean stop = new AtomicBoolean();
    private EdgeWorld world;
    private TestNamespace host;
    private TestNamespace guest;
    private TestNamespace networkA;
    private HostNetwork network;
    private EdgeProcess a;
    private EdgeProcess b;

    @BeforeEach
    void joinEverything() throws IOException {
        EdgeKernel.assume();
        assumeTrue(Files.isExecutable(SHUTTLE), SHUTTLE + " is not built; make -C native does it");
        world = keep(new EdgeWorld());
        world.wires.ip("link add br-u type bridge forward_delay 0 stp_state 0 mcast_snooping 0", "link set br-u up");
        host = machine("host", HOST);
        network = host.call(() -> HostNetwork.open(
                new HostNetworkSpec(HOST, folder.resolve("bpf-host"), VmPortSpec.MTU, Optional.empty())));
        open.add(() -> {
            network.close();
            for (String id : List.of("host", "edge-a", "edge-b")) {
                Path bpf = folder.resolve("bpf-" + id);
                if (Files.isDirectory(bpf) && Mount.isBpf(bpf)) {
                    Mount.unmount(bpf);
                }
            }
        });
        host.call(() -> {
            network.peers(Set.of(EDGE_A, EDGE_B));
            network.maps().lease().forever();
            network.maps().edges().put(new Edge(VNI, EDGE_A, Optional.of(EDGE_B)));
            for (InetAddress vm : List.of(EdgeWorld.VM, EdgeWorld.VM6)) {
                network.maps().locations().put(Location.settled(new VmAddress(VNI, vm), HOST, 1));
            }
            return true;
        });
        startVm();
        networkA = edge("edge-a", EDGE_A, 11);
        TestNamespace networkB = edge("edge-b", EDGE_B, 12);
        a = keep(new EdgeProcess(networkA, "edge-a", "edge-b", folder, TTL, text(EDGE_A), text(HOST), text(EDGE_B)));
        await().atMost(PATIENCE).until(() -> a.is(EdgeState.ACTIVE));
        b = keep(new EdgeProcess(networkB, "edge-b", "edge-a", folder, TTL, text(EDGE_B), text(HOST), text(EDGE_A)));
        Thread follows = host.start(this::followActive);
        open.add(() -> {
            stop.set(true);
            follows.join();
        });
    }

    private static String text(InetAddress address) {
        return address.getHostAddress();
    }

    private <T extends AutoCloseable> T keep(T one) {
        open.add(one);
        return one;
    }

    private TestNamespace machine(String name, InetAddress underlay) throws IOException {
        TestNamespace made = world.namespace(name);
        world.plug(made, "br-u", name + "-u", "up0");
        made.ip("link set up0 up", "address add " + text(underlay) + "/24 dev up0");
        return made;
    }

    private TestNamespace edge(String name, InetAddress underlay, int number) throws IOException {
        TestNamespace made = machine(name, underlay);
        world.plug(made, "br-out", name + "-o", "pub0");
        made.ip(
                "link set pub0 up",
                "address add 198.51.100." + number + "/24 dev pub0",
                "address add 2001:db8:51::" + number + "/64 dev pub0 nodad");
        return made;
    }

    private void startVm() throws IOException {
        guest = world.namespace("guest");
        Process shuttle = new ProcessBuilder(SHUTTLE.toString(), namespace(guest), "eth0")
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        open.add(shuttle::destroyForcibly);
        BufferedReader answers = shuttle.inputReader();
        PrintWriter commands = new PrintWriter(shuttle.outputWriter(), true);
        assertThat(answers.readLine()).startsWith("ok");
        guest.ip(
                "link set eth0 address " + MAC + " mtu " + VmPortSpec.MTU + " txqueuelen 10000",
                "link set eth0 up",
                "address add 10.9.0.5/32 dev eth0",
                "route add default via 169.254.1.1 dev eth0 onlink",
                "address add 2001:db8:9::5/128 dev eth0 nodad",
                "route add ::/0 via fe80::1 dev eth0");
        VmPort port = host.call(() -> network.createPort(new VmPortSpec(
                "vm-1",
                VNI,
                MAC,
                List.of(EdgeWorld.VM, EdgeWorld.VM6),
                "gwvm1",
                0,
                VmPortSpec.MTU,
                VmPortSpec.QUEUE_FRAMES,
                Policy.standard(List.of()),
                Optional.empty(),
                Optional.empty())));
        for (String command : List.of("start host " + namespace(host) + " gwvm1", "run host")) {
            commands.println(command);
            assertThat(answers.readLine()).startsWith("ok");
        }
        host.call(() -> {
            port.live();
            return true;
        });
    }

    private static String namespace(TestNamespace namespace) {
        return "/proc/" + namespace.pid() + "/ns/net";
    }

    /** The host hears who is active. */
    private void followActive() {
        try (WatchService changes = folder.getFileSystem().newWatchService()) {
            folder.register(changes, StandardWatchEventKinds.ENTRY_CREATE, StandardWatchEventKinds.ENTRY_MODIFY);
            Path file = folder.resolve("active");
            String last = "";
            while (!stop.get()) {
                String now = Files.exists(file) ? Files.readString(file) : "";
                if (!now.equals(last) && !now.isEmpty()) {
                    boolean first = now.equals("edge-a");
                    network.maps()
                            .edges()
                            .put(new Edge(VNI, first ? EDGE_A : EDGE_B, Optional.of(first ? EDGE_B : EDGE_A)));
                    last = now;
                }
                WatchKey change = changes.poll(STOP_LOOKED_FOR.toMillis(), TimeUnit.MILLISECONDS);
                if (change != null) {
                    change.pollEvents();
                    change.reset();
                }
            }
        } catch (IOException | InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @AfterEach
    void end() throws Exception {
        for (AutoCloseable one : open.reversed()) {
            one.close();
        }
    }

    @Test
    void connectionsThroughTheDataPlaneGoOnWhenTheActiveEdgeIsKilled() throws Exception {
        EchoServer web = keep(new EchoServer(world.outside, EdgeWorld.OUTSIDE, 7000));
        EchoServer vm = keep(new EchoServer(guest, EdgeWorld.VM, 80));
        keep(new EchoServer(guest, EdgeWorld.VM6, 80));
        List<EchoStream> streams = List.of(
                keep(new EchoStream(guest, EdgeWorld.OUTSIDE, 7000)),
                keep(new EchoStream(world.outside, EdgeWorld.PUBLIC, 8080)),
                keep(new EchoStream(world.outside, EdgeWorld.VM6, 80)));
        await().atMost(PATIENCE).until(() -> streams.stream().allMatch(stream -> stream.echoed() > 50));
        assertThat(web.seen).allMatch(from -> from.getAddress().equals(EdgeWorld.PUBLIC));
        assertThat(vm.seen).allMatch(from -> from.getAddress().equals(EdgeWorld.OUTSIDE));
        assertNamesAreAnswered();
        await().atMost(PATIENCE).until(() -> b.status().complete() && b.status().copied() >= 3);

        networkA.run("ip link set pub0 down");
        networkA.run("ip link set up0 down");
        a.kill();
        await().atMost(PATIENCE).until(() -> b.is(EdgeState.ACTIVE));
        List<Long> now = streams.stream().map(EchoStream::echoed).toList();
        await().atMost(PATIENCE).untilAsserted(() -> {
            for (int i = 0; i < now.size(); i++) {
                assertThat(streams.get(i).ended()).as("stream %d", i).isNull();
                assertThat(streams.get(i).echoed()).as("stream %d", i).isGreaterThan(now.get(i) + 50);
            }
        });
        assertNamesAreAnswered();
        System.out.printf(
                "over VXLAN, killed: longest stall %s ms%n",
                streams.stream().map(stream -> stream.longest().toMillis()).toList());
    }

    private void assertNamesAreAnswered() throws IOException {
        try (DatagramSocket asker = guest.call(() -> new DatagramSocket(0, EdgeWorld.VM))) {
            byte[] question = DnsForwarderTest.query(7, "builder.web.godwit", 1);
            byte[] answer = new byte[500];
            DatagramPacket packet = new DatagramPacket(answer, answer.length);
            asker.setSoTimeout(10_000);
            asker.send(new DatagramPacket(question, question.length, EdgeWorld.GATEWAY, EdgeSpec.DNS_PORT));
            asker.receive(packet);
            assertThat(Arrays.copyOfRange(answer, packet.getLength() - 4, packet.getLength()))
                    .isEqualTo(EdgeWorld.VM.getAddress());
        }
    }
}
