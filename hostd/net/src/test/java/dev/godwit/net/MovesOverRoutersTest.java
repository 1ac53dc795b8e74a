package dev.godwit.net;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** VMs move between hosts on different subnets, under traffic, in namespaces with real devices and programs. */
class MovesOverRoutersTest {
    private static final Duration PAUSE = Duration.ofMillis(30);

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
    void connectionsFromAndToTheOutsideSurviveRepeatedMoves() throws Exception {
        Resident resident = resident(11, fleet.a());
        StrictObserver observer = StrictObserver.of(fleet, resident.vm());
        List<Process> pings = List.of(
                ping(fleet.client(), resident.vm().v4().getHostAddress()),
                ping(fleet.client(), resident.vm().v6().getHostAddress()),
                ping(resident.vm().guest(), RoutedFleet.CLIENT.getHostAddress()),
                ping(resident.vm().guest(), RoutedFleet.CLIENT_V6.getHostAddress()));

        for (int i = 0; i < 6; i++) {
            observer.awaitProgress();
            resident.move(PAUSE);
        }
        observer.awaitProgress();

        observer.stop().requireNothingHappened();
        for (Process ping : pings) {
            assertThat(TestNamespace.output(ping)).contains("300 packets transmitted, 300 received");
        }
        assertThat(fleet.a().passed(Way.HELD) + fleet.b().passed(Way.HELD)).isPositive();
    }

    private static Process ping(TestNamespace from, String to) {
        return from.process("ping", "-n", "-q", "-i", "0.01", "-c", "300", "-W", "10", to);
    }

    @Test
    void twoVmsTalkOnWhileTheyPassEachOther() throws Exception {
        Resident one = resident(21, fleet.a());
        Resident two = resident(22, fleet.b());
        StrictObserver observer = StrictObserver.between(one.vm(), two.vm());

        for (Resident mover : List.of(one, two, one, two)) {
            observer.awaitProgress();
            mover.move(PAUSE);
        }
        observer.awaitProgress();

        observer.stop().requireNothingHappened();
        assertThat(fleet.a().passed(Way.NEIGHBOUR) + fleet.b().passed(Way.NEIGHBOUR))
                .isPositive();
        assertThat(fleet.a().passed(Way.TO_HOST)).isPositive();
    }

    @Test
    void theNaiveOrderLosesPacketsAndTheObserverSeesIt() throws Exception {
        Resident resident = resident(31, fleet.a());
        StrictObserver observer = StrictObserver.of(fleet, resident.vm());
        observer.awaitProgress();

        Resident.Switched switched = resident.prepare();
        resident.vmm().stop();
        Resident.passTime(PAUSE);
        switched.flip();
        switched.complete();
        observer.awaitProgress();

        assertThat(observer.stop().lost()).isGreaterThan(5);
    }

    @Test
    void aRollbackAfterTheFlipLosesNothing() throws Exception {
        Resident resident = resident(41, fleet.a());
        StrictObserver observer = StrictObserver.of(fleet, resident.vm());

        for (int i = 0; i < 3; i++) {
            observer.awaitProgress();
            Resident.Switched switched = resident.switchOver();
            Resident.passTime(PAUSE);
            switched.rollBack();
        }
        observer.awaitProgress();
        resident.move(PAUSE);
        observer.awaitProgress();

        observer.stop().requireNothingLost();
    }

    @Test
    void trafficGoesOnWhileHostdIsDeadAndAfterItIsBack() throws Exception {
        Resident resident = resident(51, fleet.a());
        StrictObserver observer = StrictObserver.of(fleet, resident.vm());
        observer.awaitProgress();

        fleet.a().die();
        observer.awaitProgress();
        fleet.a().restart();
        observer.awaitProgress();
        resident.port(fleet.a().reopenPort(resident.port().spec()));
        observer.awaitProgress();
        resident.move(PAUSE);
        observer.awaitProgress();

        observer.stop().requireNothingHappened();
        assertThat(fleet.a().maps().ports().all()).isEmpty();
    }

    @Test
    void aHostThatLearnsLateStillReachesTheVmThroughTheOldOne() throws Exception {
        Resident resident = resident(61, fleet.a());
        StrictObserver observer = StrictObserver.of(fleet, resident.vm());
        observer.awaitProgress();
        long before = fleet.a().passed(Way.FORWARDED);

        Resident.Switched switched = resident.prepare();
        switched.flipWithoutEdge();
        switched.drain();
        resident.vmm().stop();
        Resident.passTime(PAUSE);
        switched.resume();
        observer.awaitProgress();
        switched.release();
        observer.awaitProgress();

        observer.stop().requireNothingLost();
        assertThat(fleet.a().passed(Way.FORWARDED) - before).isGreaterThan(100);
    }

    @Test
    void hostsThatPointAtEachOtherLetAPacketFallAtOnce() throws Exception {
        Resident resident = resident(62, fleet.a());
        Resident.Switched switched = resident.prepare();
        Location location =
                Location.settled(new VmAddress(RoutedFleet.VNI, resident.vm().v4()), RoutedFleet.A, 1);
        fleet.a().maps().locations().put(location.after(RoutedFleet.B));
        fleet.b()
                .maps()
                .locations()
                .put(Location.settled(location.vm(), RoutedFleet.B, 1).after(RoutedFleet.A));
        fleet.a().machine().in(() -> {
            resident.port().forward(RoutedFleet.B);
            return true;
        });
        fleet.b().machine().in(() -> {
            switched.targetPort.forward(RoutedFleet.A);
            return true;
        });

        fleet.client()
                .run(
                        "sh",
                        "-c",
                        "ping -n -q -c 20 -i 0.01 -W 1 " + resident.vm().v4().getHostAddress() + "; :");

        assertThat(fleet.b().dropped(DropReason.LOOP)).isEqualTo(20);
        assertThat(fleet.a().passed(Way.FORWARDED)).isEqualTo(20);
        assertThat(fleet.a().dropped(DropReason.LOOP)).isZero();
    }

    @Test
    void whatABusyGuestDidNotTakeIsCarriedOver() throws Exception {
        Resident resident = resident(71, fleet.a());
        StrictObserver observer = StrictObserver.of(fleet, resident.vm());
        observer.awaitProgress();

        Resident.Switched switched = resident.prepare();
        resident.vmm().busy();
        Resident.passTime(PAUSE);
        switched.flip();
        switched.drain();
        resident.vmm().stop();
        switched.complete();
        observer.awaitProgress();

        StrictObserver.Found found = observer.stop();
        found.requireNothingLost();
        assertThat(switched.leftovers.count()).isGreaterThan(5);
    }

    @Test
    void theLimitOfARateDelaysAndAMoveLosesNothingOfWhatWaits() throws Exception {
        ShuttleVm vm = ShuttleVm.create(81);
        Resident resident =
                Resident.start(fleet, vm, fleet.a(), Optional.of(new RateLimit(2_000_000)), Optional.empty());
        residents.add(resident);
        DatagramStream stream = DatagramStream.start("limited", fleet.client(), vm.guest(), vm.v4(), 5201, 500);
        Process bulk = fleet.client()
                .process(
                        "sh",
                        "-c",
                        "ping -n -q -s 1300 -i 0.002 -c 600 -W 20 " + vm.v4().getHostAddress());

        while (bulk.isAlive() && stream.receivedSoFar() < 300) {
            Resident.passTime(Duration.ofMillis(5));
        }
        resident.move(PAUSE);

        String said = TestNamespace.output(bulk);
        DatagramStream.Found found = stream.stop();
        assertThat(found.lost()).as("%s, %s", found, said).isZero();
        assertThat(said).contains("600 packets transmitted, 600 received");
    }
}
