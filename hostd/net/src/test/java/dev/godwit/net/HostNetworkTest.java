package dev.godwit.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.godwit.linux.Clock;
import dev.godwit.linux.Links;
import dev.godwit.linux.PacketSocket;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a host's network keeps out, keeps in and leaves behind. */
class HostNetworkTest {
    @TempDir
    private Path folder;

    private RoutedFleet fleet;
    private final List<Resident> residents = new ArrayList<>();

    @BeforeEach
    void build() throws IOException {
        Needs.dataPlane(folder);
        fleet = RoutedFleet.open(folder);
    }

    @AfterEach
    void tearDown() throws Exception {
        residents.forEach(Resident::close);
        if (fleet != null) {
            fleet.close();
        }
    }

    private Resident resident(int number, TestHost host) throws IOException {
        Resident made = Resident.start(fleet, number, host);
        residents.add(made);
        return made;
    }

    @Test
    void aLeaseThatEndsSilencesTheVmAndOneThatComesBackLetsItSpeak() throws Exception {
        Resident resident = resident(11, fleet.a());
        ShuttleVm vm = resident.vm();
        RecordStream records = RecordStream.start("through the lease", fleet.client(), vm.guest(), vm.v4(), 6301, 100);
        DatagramStream out = DatagramStream.start("out", vm.guest(), fleet.client(), RoutedFleet.CLIENT, 5301, 200);

        // Nobody renews: from here on the kernel alone keeps time.
        fleet.a().maps().lease().until(Duration.ofNanos(Clock.BOOTTIME.nanos()).plusMillis(200));
        while (fleet.a().dropped(DropReason.LEASE) == 0) {
            Resident.passTime(Duration.ofMillis(5));
        }
        long silent = out.receivedSoFar();
        long dropped = fleet.a().dropped(DropReason.LEASE);
        while (fleet.a().dropped(DropReason.LEASE) < dropped + 100) {
            Resident.passTime(Duration.ofMillis(5));
        }
        assertThat(out.receivedSoFar()).isLessThanOrEqualTo(silent + 1);
        long answered = records.answeredSoFar();

        fleet.a().maps().lease().forever();
        while (out.receivedSoFar() < silent + 100 || records.answeredSoFar() < answered + 100) {
            Resident.passTime(Duration.ofMillis(5));
        }

        DatagramStream.Found datagrams = out.stop();
        assertThat(datagrams.lost()).isPositive(); // the other packets of the hundred were TCP
        assertThat(datagrams.duplicated()).isZero();
        RecordStream.Found found = records.stop();
        assertThat(found.answered()).isEqualTo(found.sent());
    }

    @Test
    void aStrangersTunnelIsNotHeardAndAPeersIs() throws Exception {
        Resident resident = resident(12, fleet.a());
        TestHost host = fleet.a();
        long delivered = host.passed(Way.DELIVERED);

        sendTunnelled(resident, 10);

        assertThat(guardDrops(host)).isEqualTo(10);
        assertThat(host.passed(Way.DELIVERED)).isEqualTo(delivered);

        // Past the packet filter, the program knows the stranger too.
        host.machine().run("nft", "delete", "table", "inet", "godwit_underlay");
        long before = host.dropped(DropReason.STRANGER);
        sendTunnelled(resident, 10);
        Resident.passTime(Duration.ofMillis(50));
        assertThat(host.dropped(DropReason.STRANGER) - before).isEqualTo(10);
        assertThat(host.passed(Way.DELIVERED)).isEqualTo(delivered);
    }

    /** From the client, which is no peer: an echo request to the VM in a tunnel. */
    private void sendTunnelled(Resident resident, int times) {
        String mac = resident.vm().mac().toString().replace(":", "");
        byte[] packet = HexFormat.of()
                .parseHex("0800000000000700" + mac + "02fe00000009" + "0800" + "4500001c0001000040010000" + "0a5c0002"
                        + "0ac8000c" + "0800f7ff00000000");
        fleet.client().in(() -> {
            try (DatagramSocket socket = new DatagramSocket()) {
                for (int i = 0; i < times; i++) {
                    socket.send(new DatagramPacket(packet, packet.length, RoutedFleet.A, 4789));
                }
            }
            return true;
        });
    }

    private static long guardDrops(TestHost host) {
        String rules = host.machine().run("nft", "list", "chain", "inet", "godwit_underlay", "guard");
        return Long.parseLong(rules.replaceAll("(?s).*counter packets (\\d+) bytes.*", "$1"));
    }

    @Test
    void aPeerThatLeavesIsNotHeardAnyMore() throws Exception {
        TestHost host = fleet.a();

        host.machine().in(() -> {
            host.network().peers(Set.of(RoutedFleet.EDGE));
            return true;
        });

        assertThat(host.machine().run("nft", "list", "table", "inet", "godwit_underlay"))
                .contains("10.93.0.2")
                .doesNotContain("10.95.0.2");
        assertThat(host.maps().peers().all()).containsExactly(RoutedFleet.EDGE);
    }

    @Test
    void whatAVmMustNotSendIsDroppedUnderItsName() throws Exception {
        Resident resident = resident(13, fleet.a());
        String self = resident.vm().mac().toString().replace(":", "");
        String broadcast = "ffffffffffff";
        String gateway = "02fe00000001";

        // ARP that says it is the gateway; an IPv4 packet under another address; under another Ethernet address.
        send(resident, broadcast + self + "0806" + "0001080006040002" + self + "a9fe0101" + broadcast + "0ac8000d");
        send(resident, gateway + self + "0800" + "4500001c00010000401166cf" + "0ac800630a5c0002" + "1000200000080000");
        send(
                resident,
                gateway + "020000000763" + "0800" + "4500001c0001000040110000" + "0ac8000d0a5c0002"
                        + "1000200000080000");
        // DHCP; a router advertisement.
        send(
                resident,
                broadcast + self + "0800" + "4500001c0001000040110000" + "00000000ffffffff" + "0044004300080000");
        send(
                resident,
                "333300000001" + self + "86dd" + "6000000000103aff" + "fe800000000000000000000000000001"
                        + "ff020000000000000000000000000001" + "8600000000000000" + "0000000000000000");

        TestHost host = fleet.a();
        awaitDropped(host, DropReason.ARP, 0);
        awaitDropped(host, DropReason.SPOOF, 1);
        awaitDropped(host, DropReason.DHCP, 0);
        awaitDropped(host, DropReason.RA, 0);

        // An advertisement that it is the gateway; the guest asks for its own addresses when it starts.
        long asked = host.dropped(DropReason.ND);
        send(
                resident,
                "333300000001" + self + "86dd" + "6000000000183aff" + "fe800000000000000000000000000001"
                        + "ff020000000000000000000000000001" + "8800000020000000"
                        + "fe800000000000000000000000000001");
        awaitDropped(host, DropReason.ND, asked);
    }

    private static void awaitDropped(TestHost host, DropReason reason, long before) throws IOException {
        long deadline = System.nanoTime() + 10_000_000_000L;
        while (host.dropped(reason) <= before) {
            assertThat(System.nanoTime()).as("waiting for a drop by " + reason).isLessThan(deadline);
            Resident.passTime(Duration.ofMillis(2));
        }
    }

    private static void send(Resident resident, String frame) {
        byte[] bytes = HexFormat.of().parseHex(frame);
        resident.vm().guest().in(() -> {
            try (Links links = Links.open();
                    Arena arena = Arena.ofConfined();
                    PacketSocket socket = PacketSocket.toInject(
                            links.find("eth0").orElseThrow().index(), false)) {
                MemorySegment padded = arena.allocate(PacketSocket.HEADER_BYTES + Math.max(60, bytes.length));
                MemorySegment.copy(bytes, 0, padded, ValueLayout.JAVA_BYTE, PacketSocket.HEADER_BYTES, bytes.length);
                socket.inject(padded);
            }
            return true;
        });
    }

    @Test
    void aFloodOfAHeldVmIsBoundedAndCounted() throws Exception {
        Resident resident = resident(14, fleet.a());
        resident.vmm().stop();
        long droppedBefore = resident.port().queueDrops();

        int sent = 15_000;
        fleet.client().in(() -> {
            try (DatagramSocket socket = new DatagramSocket()) {
                socket.connect(resident.vm().v4(), 5401);
                Pace pace = new Pace(20_000);
                for (int i = 0; i < sent; i++) {
                    pace.awaitTurn();
                    socket.send(new DatagramPacket(new byte[100], 100));
                }
            }
            return true;
        });
        Resident.passTime(Duration.ofMillis(50));

        resident.port().armToLeave(resident.vmm().process());
        int waiting = resident.port().heldFrames().count();
        long dropped = resident.port().queueDrops() - droppedBefore;
        assertThat(waiting).isBetween(9_900, VmPortSpec.QUEUE_FRAMES);
        assertThat(dropped).isGreaterThan(4_000);
        assertThat(waiting + dropped).isBetween(sent - 20L, sent + 20L);
    }

    @Test
    void aPacketThatIsTooLongForThePathIsRefusedWithTheMtuAndTcpFindsIt() throws Exception {
        Resident resident = resident(15, fleet.a());
        String vm = resident.vm().v4().getHostAddress();

        assertThat(fleet.client().run("sh", "-c", "ping -n -c 1 -W 2 -M do -s 1400 " + vm + "; :"))
                .contains("mtu = 1370");
        assertThat(fleet.client().run("ping", "-n", "-q", "-c", "3", "-i", "0.1", "-M", "do", "-s", "1342", vm))
                .contains("3 received");
        assertThat(fleet.client().run("ping", "-n", "-q", "-c", "3", "-i", "0.1", "-M", "dont", "-s", "4000", vm))
                .contains("3 received");
        assertThat(resident.vm().guest().run("ping", "-n", "-q", "-c", "3", "-i", "0.1", "-s", "4000", "10.92.0.2"))
                .contains("3 received");
        assertThat(bulk(resident)).isEqualTo(8 << 20);
    }

    /** How many bytes of eight MiB, in large writes, come through to the VM and back. */
    private long bulk(Resident resident) throws Exception {
        ServerSocket listener = resident.vm().guest().in(() -> new ServerSocket(6401));
        Future<Long> echoed = resident.vm().guest().start(() -> {
            try (listener;
                    Socket accepted = listener.accept()) {
                return accepted.getInputStream().transferTo(accepted.getOutputStream());
            }
        });
        Socket socket = fleet.client().in(() -> new Socket(resident.vm().v4(), 6401));
        try (socket) {
            Future<Long> written = fleet.client().start(() -> {
                for (int i = 0; i < 128; i++) {
                    socket.getOutputStream().write(new byte[64 << 10]);
                }
                socket.shutdownOutput();
                return 0L;
            });
            long back = socket.getInputStream().transferTo(OutputStream.nullOutputStream());
            written.get();
            assertThat(echoed.get()).isEqualTo(back);
            return back;
        }
    }

    @Test
    void aCaptureHoldsWhatPassedTheTapInBothDirections() throws Exception {
        Resident resident = resident(16, fleet.a());
        ByteArrayOutputStream file = new ByteArrayOutputStream();
        Future<Long> capture = fleet.a()
                .machine()
                .start(() -> resident.port().capture(file, new CaptureLimit(20, 1 << 20, Duration.ofSeconds(20), 128)));
        Process ping = fleet.client()
                .process(
                        "ping",
                        "-n",
                        "-q",
                        "-i",
                        "0.01",
                        "-c",
                        "200",
                        resident.vm().v4().getHostAddress());

        assertThat(capture.get()).isEqualTo(20);

        ping.destroy();
        ByteBuffer pcap = ByteBuffer.wrap(file.toByteArray()).order(ByteOrder.LITTLE_ENDIAN);
        assertThat(pcap.getInt(0)).isEqualTo(0xa1b23c4d);
        assertThat(pcap.getInt(20)).isEqualTo(1);
        Set<Integer> echoTypes = new TreeSet<>();
        int at = 24;
        for (int i = 0; i < 20; i++) {
            int kept = pcap.getInt(at + 8);
            if (kept > 34 && pcap.getShort(at + 16 + 12) == 0x0008 && pcap.get(at + 16 + 23) == 1) {
                echoTypes.add((int) pcap.get(at + 16 + 34));
            }
            at += 16 + kept;
        }
        assertThat(at).isEqualTo(file.size());
        assertThat(echoTypes).containsExactly(0, 8);
    }

    @Test
    void aLocalDestinationIsReachedUnderTheHostsOwnAddress() throws Exception {
        Resident resident = resident(20, fleet.a());
        fleet.a().machine().in(() -> {
            fleet.a().network().openLocalEgress(List.of(Prefix.parse("10.200.0.0/16")));
            resident.port()
                    .policy(resident.port().spec().policy().withLocalEgress(List.of(Prefix.parse("10.92.0.0/24"))));
            return true;
        });
        ServerSocket listener = fleet.client().in(() -> new ServerSocket(6501));
        Future<String> from = fleet.client().start(() -> {
            try (listener;
                    Socket accepted = listener.accept()) {
                accepted.getOutputStream().write("hello".getBytes(StandardCharsets.US_ASCII));
                return accepted.getInetAddress().getHostAddress();
            }
        });

        String heard = resident.vm().guest().in(() -> {
            try (Socket socket = new Socket(RoutedFleet.CLIENT, 6501)) {
                return new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
            }
        });

        assertThat(heard).isEqualTo("hello");
        assertThat(from.get()).isEqualTo(RoutedFleet.A.getHostAddress());
        // Nobody uses the host as a way to its VMs.
        fleet.core().ip("route add 10.200.0.20/32 via 10.94.0.2");
        assertThat(fleet.client().run("sh", "-c", "ping -n -q -c 2 -i 0.1 -W 1 10.200.0.20; :"))
                .contains("0 received");
    }

    @Test
    void aLocalDestinationIsNoWayToTheHostItselfNorThroughItForOthers() throws Exception {
        TestNamespace host = fleet.a().machine();
        host.sysctl("net/ipv4/ip_forward", "0");
        host.sysctl("net/ipv4/conf/default/rp_filter", "2"); // as systemd does
        host.ip("address add 10.92.0.77/32 dev lo");
        Resident resident = resident(21, fleet.a());
        for (int hostd = 0; hostd < 2; hostd++) { // the one that is started anew finds forwarding switched on
            host.in(() -> {
                fleet.a().network().openLocalEgress(List.of(Prefix.parse("10.200.0.0/16")));
                resident.port()
                        .policy(resident.port().spec().policy().withLocalEgress(List.of(Prefix.parse("10.92.0.0/24"))));
                return true;
            });
        }
        assertThat(resident.vm().guest().run("sh", "-c", "ping -n -q -c 2 -i 0.1 -W 2 10.92.0.2; :"))
                .contains("2 received");
        assertThat(resident.vm().guest().run("sh", "-c", "ping -n -q -c 2 -i 0.1 -W 1 10.92.0.77; :"))
                .contains("0 received");
        host.sysctl("net/ipv4/conf/all/rp_filter", "1");
        assertThatThrownBy(() -> host.in(() -> {
                    fleet.a().network().openLocalEgress(List.of());
                    return true;
                }))
                .hasStackTraceContaining("net.ipv4.conf.all.rp_filter is 1");
        host.sysctl("net/ipv4/conf/all/rp_filter", "0");
        // The host has two machines beside it now, and is no router between them.
        fleet.core().ip("route add 10.99.0.0/24 via 10.94.0.2");
        host.ip("route add 10.99.0.0/24 via 10.94.0.1");
        fleet.client().run("sh", "-c", "ping -n -q -c 2 -i 0.1 -W 1 10.99.0.1; :");
        String rules = host.in(() -> CommandLine.run("nft", "list", "table", "inet", "godwit_egress"));
        assertThat(rules.substring(rules.indexOf("chain to_host"), rules.indexOf("chain through")))
                .contains("counter packets 2 ");
        assertThat(rules.substring(rules.indexOf("chain godwit_others"))).containsPattern("counter packets [1-9]");
    }

    @Test
    void aPortThatIsThereIsNotMadeTwiceAndOneThatIsNotIsNotReopened() throws Exception {
        Resident resident = resident(17, fleet.a());
        VmPortSpec spec = resident.port().spec();

        assertThatThrownBy(() -> fleet.a().createPort(spec)).hasMessageContaining("is there already");
        assertThatThrownBy(() -> fleet.b().reopenPort(spec)).hasMessageContaining("has no tap gwvm17 here");
        assertThatThrownBy(() -> resident.port().drained(Duration.ZERO)).hasMessageContaining("is not armed");
    }

    @Test
    void portsThatNobodyReopensAreTakenAway() throws Exception {
        Resident resident = resident(18, fleet.a());
        resident.vmm().close();
        fleet.a().die();
        fleet.a().restart();

        assertThat(fleet.a().maps().ports().all()).hasSize(1);
        assertThat(fleet.a().machine().in(() -> fleet.a().network().removeStrayPorts(Set.of("gwvm18", "gwvm99"))))
                .as("of a VM that is taken back later")
                .isZero();
        assertThat(fleet.a().maps().ports().all()).hasSize(1);
        assertThat(fleet.a().machine().in(() -> fleet.a().network().removeStrayPorts(Set.of())))
                .isEqualTo(1);
        assertThat(fleet.a().maps().ports().all()).isEmpty();
        assertThat(fleet.a().machine().run("ip", "-o", "link")).doesNotContain("gwvm18");
    }

    @Test
    void removalLeavesNothingBehind() throws Exception {
        Resident resident = resident(19, fleet.a());
        resident.vmm().stop();

        fleet.a().remove();

        TestNamespace machine = fleet.a().machine();
        assertThat(machine.run("ip", "-o", "link").lines()).hasSize(2);
        assertThat(machine.run("nft", "list", "ruleset")).isEmpty();
        assertThat(folder.resolve("bpf-a")).doesNotExist();
        assertThat(Files.readString(Path.of("/proc/mounts")))
                .doesNotContain(folder.resolve("bpf-a").toString());
    }
}
