package dev.godwit.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.godwit.lab.outside.OutsideClient;
import dev.godwit.lab.outside.OutsidePlan;
import dev.godwit.lab.outside.OutsideResult;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Needs root: each test lays out a lab in the test JVM's own network namespace. */
class LabTest {
    private static final DistFiles DIST = DistFiles.ofProperty();

    @TempDir
    Path folder;

    @BeforeAll
    static void needsAPrivateNetwork() {
        Assumptions.assumeTrue(LabNetwork.isPrivate(), "no network namespace of its own: needs root");
    }

    @Test
    void twoHostsShareTheLinkAndNothingElse() throws Exception {
        try (Lab lab = Lab.open(DIST, folder, null)) {
            LabHost a = lab.makeHost("host-a", 1, false);
            LabHost b = lab.makeHost("host-b", 2, false);
            assertThat(a.machine().run("hostname").strip()).isEqualTo("host-a");

            a.machine().run("sh", "-c", "echo secret > /run/mine; echo secret > /var/tmp/mine; mkdir /run/godwit");
            assertThat(b.machine().run("ls", "/run", "/var/tmp", "/run/godwit-host"))
                    .doesNotContain("mine", "godwit\n");

            long sleeper = a.machine().start(Map.of(), "/run/godwit-host/log", List.of("sleep", "1234"));
            assertThat(a.machine()
                            .run("ps", "-o", "ppid=,args=", "-p", "" + sleeper)
                            .strip())
                    .startsWith("1 ");
            assertThat(b.machine().run("ps", "ax")).doesNotContain("sleep 1234");

            startEcho(lab, b);
            long before = a.peerBytesSent();
            assertThat(reaches(a, b)).isTrue();
            assertThat(a.peerBytesSent()).isGreaterThan(before + 100);
            a.peerLink(false);
            assertThat(reaches(a, b)).as("over a link that is down").isFalse();
            a.peerLink(true);
            await().until(() -> reaches(a, b));
        }
    }

    @Test
    void aLabLeavesNothingBehind() throws Exception {
        List<Long> inits;
        try (Lab lab = Lab.open(DIST, folder, null)) {
            LabHost a = lab.makeHost("host-a", 1, false);
            a.machine().start(Map.of(), "/run/godwit-host/log", List.of("sleep", "1234"));
            inits = List.of(a.machine().initPid());
        }
        assertThat(inits).allSatisfy(pid -> assertThat(ProcessHandle.of(pid)).isEmpty());
        try (Stream<Path> left = Files.list(folder)) {
            assertThat(left).isEmpty();
        }
        assertThat(Command.of("ps", "ax", "-o", "args=").run()).doesNotContain(folder.toString());
        await().until(() -> !Command.of("ip", "link").run().matches("(?s).*(host-a|br-vm|br-ctl|br-peer).*"));
    }

    @Test
    void theControlGroupOfADestroyedHostsVmGoesWithIt() throws Exception {
        Path memory = Files.isDirectory(Path.of("/sys/fs/cgroup/memory"))
                ? Path.of("/sys/fs/cgroup/memory")
                : Path.of("/sys/fs/cgroup");
        Path group = memory.resolve("godwit/lab-test-" + ProcessHandle.current().pid() + "/vm-1");
        Files.createDirectories(group);
        try (Lab lab = Lab.open(DIST, folder, null)) {
            LabHost a = lab.makeHost("host-a", 1, false);
            a.machine().run("sh", "-c", "sleep 1234 & echo $! > " + group + "/cgroup.procs");
            assertThat(Files.readAllLines(group.resolve("cgroup.procs"))).hasSize(1);
            a.destroy();
            assertThat(group.getParent()).doesNotExist();
        }
    }

    @Test
    void aDestroyedHostMakesRoomForAnotherAtItsPlace() {
        try (Lab lab = Lab.open(DIST, folder, null)) {
            LabHost a = lab.makeHost("host-a", 1, false);
            LabHost b = lab.makeHost("host-b", 2, false);
            long pid = a.machine().start(Map.of(), "/run/godwit-host/log", List.of("sleep", "1234"));
            assertThat(pid).isPositive();
            startEcho(lab, a);
            assertThat(reaches(b, a)).as("b knows who is at a's place").isTrue();
            a.destroy();
            assertThat(a.alive()).isFalse();
            LabHost c = lab.makeHost("host-c", 1, false);
            startEcho(lab, c);
            assertThat(reaches(b, c)).isTrue();
        }
    }

    @Test
    void hostsInNetworksOfTheirOwnMeetThroughRoutersOnly() throws Exception {
        List<Long> inits;
        try (Lab lab = Lab.openRouted(DIST, folder, null)) {
            LabHost a = lab.makeHost("host-a", 1, false);
            LabHost b = lab.makeHost("host-b", 2, false);
            RoutedSites sites = (RoutedSites) lab.network();
            sites.attachPublic(b.machine(), b.address());
            inits = List.of(a.machine().initPid(), sites.underlayRouter().initPid());
            startEcho(lab, b);
            long before = a.peerBytesSent();
            assertThat(reaches(a, b)).isTrue();
            assertThat(a.peerBytesSent()).isGreaterThan(before + 100);
            assertThat(connects(a, b.address().underlay().orElseThrow(), 7000)).isTrue();
            try (ServerSocket outside =
                    new ServerSocket(0, 1, InetAddress.getByName(lab.network().client()))) {
                assertThat(connects(b, lab.network().client(), outside.getLocalPort()))
                        .as("from an edge to the outside")
                        .isTrue();
            }
            assertThat(a.machine().run("ip", "neigh"))
                    .doesNotContain(b.address().peer());
            assertThat(a.machine().run("ip", "route")).doesNotContain("default");
            a.peerLink(false);
            assertThat(reaches(a, b)).as("over a link that is down").isFalse();
        }
        assertThat(inits).allSatisfy(pid -> assertThat(ProcessHandle.of(pid)).isEmpty());
        await().until(LabNetwork::isPrivate);
    }

    @Test
    void whatAKilledLabLeftIsRemovedByTheNext() throws Exception {
        Path stale = Files.createDirectory(folder.resolve("godwit-lab-999999999"));
        Files.writeString(stale.resolve("owner"), "999999999 1");
        Path other = Files.createDirectory(folder.resolve("somebody-else"));
        try (Lab lab = Lab.open(DIST, folder, null)) {
            assertThat(stale).doesNotExist();
            assertThat(other).exists();
            assertThat(lab.directory()).exists();
        }
    }

    @Test
    void theOutsideClientSeesAStallAndNoLoss() throws Exception {
        try (Lab lab = Lab.open(DIST, folder, null)) {
            LabHost a = lab.makeHost("host-a", 1, false);
            a.machine().run("ip", "address", "add", "10.77.0.5/24", "dev", "br-vm");
            long echo = startEcho(lab, a);
            OutsideResult seen;
            double stalledAt;
            double stalledFor;
            try (OutsideClient client =
                    OutsideClient.listen(new OutsidePlan("10.77.0.5", 7000, 7001, 7002, 1000, 7003), lab.directory())) {
                client.begin();
                ObjectMapper json = new ObjectMapper();
                Path status = a.directory().resolve("echo.json");
                await().until(() ->
                        json.readTree(status.toFile()).path("records").asLong() > 1000);
                stalledAt = System.currentTimeMillis();
                a.machine().signal(echo, "STOP");
                await().until(() -> System.currentTimeMillis() - stalledAt > 400);
                a.machine().signal(echo, "CONT");
                stalledFor = System.currentTimeMillis() - stalledAt;
                long records = json.readTree(status.toFile()).path("records").asLong();
                await().until(() ->
                        json.readTree(status.toFile()).path("records").asLong() > records + 1000);
                client.stopSending();
                a.machine().signal(echo, "TERM");
                await().until(() ->
                        Files.readString(a.directory().resolve("echo.out")).contains("\"probe\""));
                seen = client.finish();
            }
            OutsideResult.Tcp tcp = seen.tcp();
            assertThat(tcp.sent()).isGreaterThan(2000);
            assertThat(List.of(tcp.lost(), tcp.duplicated(), tcp.reordered(), tcp.reconnects()))
                    .containsOnly(0L);
            assertThat(tcp.received()).isEqualTo(tcp.sent());
            assertThat(tcp.maxStallMillis()).isBetween(300.0, stalledFor + 100);
            assertThat(seen.medianGapMillis()).isBetween(0.0, 5.0);
            assertThat(seen.gaps())
                    .anySatisfy(gap -> assertThat(gap.millis() >= 300 && gap.touches(stalledAt, stalledAt + 400))
                            .isTrue());
            assertThat(seen.udpSent()).isGreaterThan(2000);
            assertThat(seen.udpReceived()).isGreaterThan(1000);
        }
    }

    private static long startEcho(Lab lab, LabHost host) {
        long pid = host.machine()
                .start(
                        Map.of(),
                        "/run/godwit-host/echo.out",
                        List.of(
                                DIST.probe("echo").toString(),
                                "--udp-to",
                                lab.network().client() + ":7002",
                                "--status",
                                "/run/godwit-host/echo.json"));
        await().until(() -> Files.exists(host.directory().resolve("echo.json")));
        return pid;
    }

    /** Whether a TCP connection from one host to the other's echo comes about over the peer link. */
    private static boolean reaches(LabHost from, LabHost to) {
        return connects(from, to.address().peer(), 7000);
    }

    private static boolean connects(LabHost from, String address, int port) {
        return Command.of("timeout", "2", "bash", "-c", "exec 3<>/dev/tcp/" + address + "/" + port)
                        .behind(from.machine().entry())
                        .tryRun()
                        .status()
                == 0;
    }
}
