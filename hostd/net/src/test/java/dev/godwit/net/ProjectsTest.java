package dev.godwit.net;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Networks that don't meet, and a policy that changes under a VM that runs, with what the data plane tells of it. */
class ProjectsTest {
    private static final int OTHER_VNI = 8;

    @TempDir
    private Path folder;

    private RoutedFleet fleet;
    private final List<AutoCloseable> vms = new ArrayList<>();

    @BeforeEach
    void build() throws IOException {
        Needs.dataPlane(folder);
        fleet = RoutedFleet.open(folder);
    }

    @AfterEach
    void tearDown() throws Exception {
        for (AutoCloseable vm : vms) {
            vm.close();
        }
        if (fleet != null) {
            fleet.close();
        }
    }

    /** A VM of the other network, known to the whole fleet. */
    private ShuttleVm other(int number, TestHost host) throws IOException {
        ShuttleVm vm = ShuttleVm.create(number);
        vms.add(vm);
        VmPortSpec usual = vm.port();
        VmPort port = host.createPort(new VmPortSpec(
                usual.vmId(),
                OTHER_VNI,
                usual.mac(),
                usual.addresses(),
                usual.tapName(),
                usual.ownerUid(),
                usual.mtu(),
                usual.queueFrames(),
                usual.policy(),
                Optional.empty(),
                Optional.empty()));
        ShuttleVm.Vmm vmm = vm.startVmm(host.machine());
        port.armToArrive(vmm.process());
        vmm.run();
        for (DataPlaneMaps maps :
                List.of(fleet.edgeMaps(), fleet.a().maps(), fleet.b().maps())) {
            for (InetAddress address : vm.addresses()) {
                maps.locations().put(Location.settled(new VmAddress(OTHER_VNI, address), host.underlay(), 1));
            }
        }
        host.machine().in(() -> {
            port.live();
            return true;
        });
        return vm;
    }

    private Resident resident(int number, TestHost host) throws IOException {
        Resident made = Resident.start(fleet, number, host);
        vms.add(made);
        return made;
    }

    private static boolean reaches(TestNamespace from, InetAddress to) throws Exception {
        Process ping = from.process("ping", "-n", "-q", "-c", "3", "-i", "0.2", "-W", "1", to.getHostAddress());
        TestNamespace.output(ping);
        return ping.waitFor() == 0;
    }

    private static List<FlowEvent> denied(TestHost host, DropReason reason) throws IOException {
        List<FlowEvent> events = new ArrayList<>();
        while (host.maps().readFlows(Duration.ofMillis(50), events::add) > 0) {
            assertThat(events.size()).isLessThan(100_000);
        }
        return events.stream()
                .filter(event -> event.dropped().equals(Optional.of(reason)))
                .toList();
    }

    @Test
    void vmsOfTwoNetworksDoNotMeetOnOneHostNorAcrossHosts() throws Exception {
        Resident ours = resident(71, fleet.a());
        ShuttleVm theirsHere = other(72, fleet.a());
        ShuttleVm theirsThere = other(73, fleet.b());

        assertThat(reaches(theirsHere.guest(), theirsThere.v4()))
                .as("one network")
                .isTrue();
        assertThat(reaches(theirsHere.guest(), theirsThere.v6()))
                .as("one network")
                .isTrue();
        long before = fleet.a().dropped(DropReason.OTHER_NETWORK);
        for (InetAddress address : List.of(theirsHere.v4(), theirsHere.v6(), theirsThere.v4(), theirsThere.v6())) {
            assertThat(reaches(ours.vm().guest(), address))
                    .as(address.toString())
                    .isFalse();
        }
        assertThat(reaches(theirsThere.guest(), ours.vm().v4())).isFalse();

        assertThat(fleet.a().dropped(DropReason.OTHER_NETWORK) - before).isGreaterThanOrEqualTo(12);
        assertThat(fleet.b().dropped(DropReason.OTHER_NETWORK)).isGreaterThanOrEqualTo(3);
        assertThat(denied(fleet.a(), DropReason.OTHER_NETWORK)).anySatisfy(event -> {
            assertThat(event.key().vm())
                    .isEqualTo(new VmAddress(RoutedFleet.VNI, ours.vm().v4()));
            assertThat(event.key().remote()).isEqualTo(theirsHere.v4());
        });
    }

    @Test
    void aPolicyThatChangesUnderARunningVmHoldsFromTheNextFlowOn() throws Exception {
        Resident resident = resident(81, fleet.a());
        TestNamespace guest = resident.vm().guest();
        Policy open = resident.port().spec().policy();
        Policy closed = Policy.standard(
                List.of(PolicyRule.any(Direction.OUT, Verdict.DENY, Prefix.of(RoutedFleet.CLIENT))), List.of());
        assertThat(reaches(guest, RoutedFleet.CLIENT)).isTrue();

        resident.port().policy(closed);
        assertThat(reaches(guest, RoutedFleet.CLIENT)).isFalse();
        assertThat(fleet.a().dropped(DropReason.POLICY)).isGreaterThanOrEqualTo(3);
        assertThat(denied(fleet.a(), DropReason.POLICY))
                .allSatisfy(event -> assertThat(event.key().remote()).isEqualTo(RoutedFleet.CLIENT))
                .isNotEmpty();
        assertThat(reaches(guest, RoutedFleet.CLIENT_V6))
                .as("another destination")
                .isTrue();
        assertThat(reaches(fleet.client(), resident.vm().v4()))
                .as("answers to flows from outside")
                .isTrue();

        resident.port().policy(open);
        assertThat(reaches(guest, RoutedFleet.CLIENT)).isTrue();
    }

    @Test
    void aFlowThatANewPolicyForbidsEndsWhenItIsForgotten() throws Exception {
        Resident resident = resident(91, fleet.a());
        ShuttleVm vm = resident.vm();
        DatagramStream out = DatagramStream.start("out", vm.guest(), fleet.client(), RoutedFleet.CLIENT, 5391, 200);
        while (out.receivedSoFar() < 50) {
            Resident.passTime(Duration.ofMillis(5));
        }
        resident.port()
                .policy(Policy.standard(
                        List.of(PolicyRule.any(Direction.OUT, Verdict.DENY, Prefix.of(RoutedFleet.CLIENT))),
                        List.of()));
        long before = out.receivedSoFar();
        while (out.receivedSoFar() < before + 50) {
            Resident.passTime(Duration.ofMillis(5)); // an open flow goes on
        }
        fleet.a().maps().connections().remove(new VmAddress(RoutedFleet.VNI, vm.v4()));
        long drops = fleet.a().dropped(DropReason.POLICY);
        while (fleet.a().dropped(DropReason.POLICY) < drops + 50) {
            Resident.passTime(Duration.ofMillis(5));
        }
        assertThat(out.stop().lost()).isPositive();
    }
}
