package dev.godwit.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.godwit.linux.BpfLink;
import dev.godwit.linux.Mount;
import dev.godwit.net.DataPlaneMaps.Attachment;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** What stays in the kernel, what is replaced and what is refused. */
@ExtendWith(KernelGate.class)
class DataPlaneMapsTest {
    private static final int LOOPBACK = 1;
    private static final InetAddress A = TrialPlane.HERE;
    private static final InetAddress B = TrialPlane.THERE;
    private static final VmAddress VM = TrialPlane.vm(TrialPlane.VM);

    @TempDir
    Path folder;

    private Path pins = Path.of("");

    @BeforeEach
    void mount() throws IOException {
        pins = Files.createDirectories(folder.resolve("bpf"));
        Mount.bpf(pins);
    }

    @AfterEach
    void unmount() throws IOException {
        Mount.unmount(pins);
    }

    @Test
    void whatIsPinnedOutlivesTheProcessAndTheNextGenerationKeepsMapsAndLinks() throws IOException {
        Map<String, Integer> maps;
        BpfLink.Info link;
        int program;
        try (DataPlaneMaps first = DataPlaneMaps.open(pins)) {
            maps = ids(first);
            first.attach(Hook.VM_OUT, LOOPBACK);
            first.attach(Hook.VX_OUT, LOOPBACK);
            first.locations().put(Location.settled(VM, A, 3));
            first.lease().until(Duration.ofSeconds(77));
            program = first.program(Hook.VM_OUT).id();
            link = link(Hook.VM_OUT);
            assertThat(link.programId()).isEqualTo(program);
        }
        assertThat(link(Hook.VM_OUT)).isEqualTo(link);
        try (DataPlaneMaps second = DataPlaneMaps.open(pins)) {
            assertThat(ids(second)).isEqualTo(maps);
            assertThat(second.locations().of(VM)).contains(Location.settled(VM, A, 3));
            assertThat(second.lease().end()).isEqualTo(Duration.ofSeconds(77));
            assertThat(second.program(Hook.VM_OUT).id()).isNotEqualTo(program);
            BpfLink.Info now = link(Hook.VM_OUT);
            assertThat(now.id()).isEqualTo(link.id());
            assertThat(now.programId()).isEqualTo(second.program(Hook.VM_OUT).id());
            assertThat(second.attachments())
                    .isEqualTo(Set.of(new Attachment(Hook.VM_OUT, LOOPBACK), new Attachment(Hook.VX_OUT, LOOPBACK)));
            second.attach(Hook.VM_OUT, LOOPBACK);
            assertThat(link(Hook.VM_OUT).id()).isEqualTo(link.id());
            second.detach(Hook.VX_OUT, LOOPBACK);
            second.detach(Hook.VX_OUT, LOOPBACK);
            assertThat(second.attachments()).isEqualTo(Set.of(new Attachment(Hook.VM_OUT, LOOPBACK)));
            second.remove();
        }
        try (Stream<Path> left = Files.list(pins)) {
            assertThat(left.map(path -> path.getFileName().toString()).filter(name -> !name.endsWith(".debug")))
                    .isEmpty();
        }
    }

    private BpfLink.Info link(Hook hook) throws IOException {
        Path pin = pins.resolve(DataPlaneMaps.LAYOUT).resolve("links").resolve(hook.program() + "-" + LOOPBACK);
        try (BpfLink link = BpfLink.open(pin)) {
            return link.info();
        }
    }

    private static Map<String, Integer> ids(DataPlaneMaps maps) throws IOException {
        Map<String, Integer> ids = new HashMap<>();
        for (String name : DataPlaneMaps.maps()) {
            ids.put(name, maps.map(name).id());
        }
        return ids;
    }

    @Test
    void everyMapOfTheObjectIsPinnedUnderItsName() throws IOException {
        try (DataPlaneMaps maps = DataPlaneMaps.open(pins);
                Stream<Path> pinned = Files.list(pins.resolve(DataPlaneMaps.LAYOUT))) {
            assertThat(pinned.map(path -> path.getFileName().toString()).filter(name -> !name.equals("links")))
                    .containsExactlyInAnyOrderElementsOf(DataPlaneMaps.maps());
            assertThat(maps.lease().end()).isZero();
        }
    }

    @Test
    void aProgramThatTakesThePlaceOfAnotherStaysWhenTheOtherIsTakenOff() throws IOException {
        try (DataPlaneMaps maps = DataPlaneMaps.open(pins)) {
            maps.attach(Hook.VX_IN, LOOPBACK);
            maps.attach(Hook.VX_GW, LOOPBACK);
            maps.detach(Hook.VX_IN, LOOPBACK);
            maps.detach(Hook.VX_IN, LOOPBACK);
            assertThat(maps.attachments()).containsExactly(new DataPlaneMaps.Attachment(Hook.VX_GW, LOOPBACK));
            maps.detach(Hook.VX_GW, LOOPBACK);
            assertThat(maps.attachments()).isEmpty();
        }
    }

    @Test
    void aFolderThatIsNotOnABpfFileSystemIsRefused() {
        assertThatThrownBy(() -> DataPlaneMaps.open(folder.resolve("plain")))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("is not on a BPF file system; mount one there");
    }

    @Test
    void anObjectThatIsNoneIsRefusedWithLibbpfsWords() {
        assertThatThrownBy(() -> DataPlaneMaps.open(pins, new byte[100]))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("open BPF object godwit");
    }

    @Test
    void aLowerFenceNeverReplacesAHigher() throws IOException {
        try (DataPlaneMaps maps = DataPlaneMaps.open(pins)) {
            maps.locations().put(Location.settled(VM, A, 7));
            assertThatThrownBy(() -> maps.locations().put(Location.settled(VM, B, 6)))
                    .isInstanceOf(StaleFence.class)
                    .hasMessage(
                            "the location of 10.64.0.10 in network 7 under fence 6 is older than the one known, under"
                                    + " fence 7; it was ignored");
            assertThatThrownBy(() -> maps.locations().remove(VM, 6)).isInstanceOf(StaleFence.class);
            assertThat(maps.locations().putAll(List.of(Location.settled(VM, B, 6))))
                    .isZero();
            assertThat(maps.locations().of(VM)).contains(Location.settled(VM, A, 7));
            Location moved = Location.settled(VM, B, 8).after(A);
            assertThat(maps.locations().putAll(List.of(moved, Location.settled(VM, A, 7))))
                    .isEqualTo(1);
            assertThat(maps.locations().all()).containsExactly(moved);
            maps.locations().remove(VM, 8);
            maps.locations().remove(VM, 1);
            assertThat(maps.locations().all()).isEmpty();
        }
    }

    @Test
    void whatIsWrittenIsReadBack() throws IOException {
        try (DataPlaneMaps maps = DataPlaneMaps.open(pins)) {
            Port forwarding = TrialPlane.port().forward(B);
            maps.ports().put(TrialPlane.neighbour().hold());
            maps.ports().put(forwarding);
            assertThat(maps.ports().all())
                    .usingRecursiveFieldByFieldElementComparatorIgnoringFields("addresses")
                    .containsExactlyInAnyOrder(
                            forwarding, TrialPlane.neighbour().hold());
            assertThat(maps.ports().ofTap(TrialPlane.TAP).orElseThrow().addresses())
                    .containsExactlyInAnyOrderElementsOf(forwarding.addresses());
            Port fewer = new Port(
                    7,
                    TrialPlane.VM_MAC,
                    List.of(Addresses.literal(TrialPlane.VM6)),
                    TrialPlane.TAP,
                    9,
                    1500,
                    PortState.LIVE,
                    Optional.empty());
            maps.ports().put(fewer);
            assertThat(maps.ports().ofTap(TrialPlane.TAP)).contains(fewer);
            maps.ports().remove(TrialPlane.NEIGHBOUR_TAP);
            maps.ports().remove(TrialPlane.NEIGHBOUR_TAP);
            assertThat(maps.ports().all()).containsExactly(fewer);
            assertThat(maps.ports().traffic(TrialPlane.NEIGHBOUR_TAP))
                    .isEqualTo(new PortTraffic(Traffic.NONE, Traffic.NONE, 0, Traffic.NONE));

            Edge edge = new Edge(7, A, Optional.of(B));
            maps.edges().put(edge);
            maps.edges().put(new Edge(8, B, Optional.empty()));
            assertThat(maps.edges().all()).containsExactlyInAnyOrder(edge, new Edge(8, B, Optional.empty()));
            maps.edges().remove(8);
            assertThat(maps.edges().of(8)).isEmpty();

            InetAddress v6 = Addresses.literal("fd00:9::1");
            maps.peers().set(Set.of(A, B));
            maps.peers().set(Set.of(B, v6));
            assertThat(maps.peers().all()).containsExactlyInAnyOrder(B, v6);
        }
    }

    @Test
    void anAddressThatMovesToAnotherTapIsNotTakenAwayWithTheOldOne() throws IOException {
        try (DataPlaneMaps maps = DataPlaneMaps.open(pins)) {
            maps.ports().put(TrialPlane.port());
            Port taken = new Port(
                    7, TrialPlane.VM_MAC, TrialPlane.port().addresses(), 22, 1, 1500, PortState.LIVE, Optional.empty());
            maps.ports().put(taken);
            maps.ports().remove(TrialPlane.TAP);
            assertThat(maps.ports().ofTap(22).orElseThrow().addresses()).hasSize(2);
        }
    }

    @Test
    void aPortAndAPolicyOfAnEarlierProcessAreReplacedWhole() throws IOException {
        Policy closed = new Policy(
                List.of(PolicyRule.any(Direction.OUT, Verdict.DENY, Prefix.parse("10.0.0.0/8"))),
                Verdict.ALLOW,
                Verdict.ALLOW,
                List.of(Prefix.parse("192.0.2.0/24")));
        Policy open = new Policy(List.of(), Verdict.ALLOW, Verdict.ALLOW, List.of());
        try (DataPlaneMaps first = DataPlaneMaps.open(pins)) {
            first.policies().put(TrialPlane.POLICY, closed);
            first.policies().put(9, open);
            first.ports().put(TrialPlane.port());
        }
        try (DataPlaneMaps second = DataPlaneMaps.open(pins)) {
            assertThat(second.map("rules").keys(100)).hasSize(9);
            assertThat(second.ports().ofTap(TrialPlane.TAP).orElseThrow().addresses())
                    .containsExactlyInAnyOrderElementsOf(TrialPlane.port().addresses());
            second.policies().put(TrialPlane.POLICY, open);
            assertThat(second.map("rules").keys(100)).hasSize(8);
            assertThat(second.map("egress").keys(100)).isEmpty();
            second.ports().remove(TrialPlane.TAP);
            assertThat(second.ports().all()).isEmpty();
            second.policies().remove(TrialPlane.POLICY);
            second.policies().remove(9);
            assertThat(second.map("rules").keys(100)).isEmpty();
            assertThat(second.policies().numbers()).isEmpty();
        }
    }

    /** The figures are printed for whoever reads the log. */
    @Test
    void aThousandPortsAndTheirPolicies() throws IOException {
        try (DataPlaneMaps maps = DataPlaneMaps.open(pins)) {
            for (int tap = 1; tap <= 1_000; tap++) {
                maps.policies().put(tap, Policy.standard(List.of(Prefix.parse("10.0.0.0/8"))));
                maps.ports().put(numbered(tap));
            }
            long start = System.nanoTime();
            for (int tap = 1; tap <= 100; tap++) {
                maps.policies().put(tap, Policy.standard(List.of(Prefix.parse("10.0.0.0/9"))));
            }
            long policies = System.nanoTime();
            for (int tap = 1; tap <= 100; tap++) {
                maps.ports().put(numbered(tap).forward(B));
            }
            long ports = System.nanoTime();
            System.out.printf(
                    "among 1,000 ports: a policy %.2f ms, a port %.2f ms%n",
                    (policies - start) / 1e8, (ports - policies) / 1e8);
            assertThat(maps.policies().numbers()).hasSize(1_000);
            assertThat(maps.ports().ofTap(100)).contains(numbered(100).forward(B));
            assertThat(maps.ports().ofTap(101)).contains(numbered(101));
        }
    }

    private static Port numbered(int tap) {
        InetAddress address = Addresses.literal("10.88." + tap / 250 + "." + (1 + tap % 250));
        return new Port(7, TrialPlane.VM_MAC, List.of(address), tap, tap, 1500, PortState.LIVE, Optional.empty());
    }

    /** The figures are printed for whoever reads the log; `bench net` measures them. */
    @Test
    void tenThousandLocationsFitInFewMegabytes() throws IOException {
        int count = 10_000;
        try (DataPlaneMaps maps = DataPlaneMaps.open(pins)) {
            List<Location> locations = locations(count, 1);
            long empty = maps.locations().memoryBytes();
            long start = System.nanoTime();
            for (Location location : locations) {
                maps.locations().put(location);
            }
            long single = System.nanoTime() - start;
            long full = maps.locations().memoryBytes();
            start = System.nanoTime();
            assertThat(maps.locations().putAll(locations(count, 2))).isEqualTo(count);
            long batch = System.nanoTime() - start;
            assertThat(maps.locations().all()).hasSize(count).allMatch(location -> location.fence() == 2);
            System.out.printf(
                    "10,000 locations: %d KiB of maps (%d KiB empty); %d us a location one by one, %d us in a batch%n",
                    full / 1024, empty / 1024, single / count / 1000, batch / count / 1000);
            assertThat(full).isLessThan(32L << 20);
        }
    }

    private static List<Location> locations(int count, long fence) {
        List<Location> locations = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            String address = "10." + (64 + i / 65536) + "." + i / 256 % 256 + "." + i % 256;
            if (i % 256 != 255) {
                locations.add(Location.settled(new VmAddress(1 + i % 500, Addresses.literal(address)), A, fence));
            } else {
                locations.add(Location.settled(
                        new VmAddress(1 + i % 500, Addresses.literal("fd00::" + Integer.toHexString(i))), A, fence));
            }
        }
        return locations;
    }
}
