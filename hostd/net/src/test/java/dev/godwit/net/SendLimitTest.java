package dev.godwit.net;

import static org.assertj.core.api.Assertions.assertThat;

import dev.godwit.linux.Link;
import dev.godwit.linux.Links;
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

/** VMs that are held to a rate for what they send, in namespaces with real devices and programs. */
class SendLimitTest {
    private static final Duration MEASURED_FOR = Duration.ofSeconds(3);
    private static final Duration PAUSE = Duration.ofMillis(30);
    /** At once, and 200 KiB: as many answers as a socket's buffer takes, should they come at once too. */
    private static final String BULK = "150";

    private static final RateLimit LIMIT = new RateLimit(8_000_000);

    @TempDir
    private Path folder;

    private RoutedFleet fleet;
    private final List<Resident> residents = new ArrayList<>();
    private final List<Flood> floods = new ArrayList<>();

    @BeforeEach
    void build() throws IOException {
        Needs.dataPlane(folder);
        fleet = RoutedFleet.open(folder);
    }

    @AfterEach
    void tearDown() throws Exception {
        floods.forEach(Flood::close);
        residents.forEach(Resident::close);
        if (fleet != null) {
            fleet.close();
        }
    }

    private Resident resident(int number, Optional<RateLimit> sendLimit) throws IOException {
        Resident made = Resident.start(fleet, ShuttleVm.create(number), fleet.a(), Optional.empty(), sendLimit);
        residents.add(made);
        return made;
    }

    private Flood flood(Flood made) {
        floods.add(made);
        return made;
    }

    private Flood datagrams(Resident from, int port) throws IOException {
        return flood(Flood.ofDatagrams(from.vm().guest(), fleet.client(), RoutedFleet.CLIENT, port));
    }

    private static void assertHeldTo(RateLimit limit, Flood.Measured measured) {
        double ratio = measured.bitsPerSecond() / limit.bitsPerSecond();
        assertThat(ratio).as("%s of %s", measured, limit).isBetween(0.7, 1.15);
    }

    /** Nothing that came out of a tap was lost at its host. */
    private void assertNothingDropped(TestHost host, Resident... vms) throws IOException {
        for (Resident vm : vms) {
            String pace = SendPace.device(vm.port().tapIndex());
            for (String device : List.of(pace, vm.port().spec().tapName())) {
                assertThat(host.machine().run("tc", "-s", "qdisc", "show", "dev", device))
                        .contains("dropped 0,");
                assertThat(dropped(host, device)).as("dropped by " + device).isZero();
            }
        }
        assertThat(dropped(host, HostNetwork.DEVICE)).isZero();
        // The guest looks for its router, which goes nowhere on any host, and says something before its port is known.
        List<DropReason> always = List.of(DropReason.RA, DropReason.MULTICAST, DropReason.ND, DropReason.NO_PORT);
        for (DropReason reason : DropReason.values()) {
            if (!always.contains(reason)) {
                assertThat(host.dropped(reason)).as(reason.label()).isZero();
            }
        }
    }

    private static long dropped(TestHost host, String device) {
        String statistics = host.machine().run("ip", "-s", "link", "show", "dev", device);
        // RX: bytes packets errors dropped ..., and the same of TX.
        return statistics
                .lines()
                .map(String::strip)
                .filter(line -> line.matches("[0-9 ]+"))
                .map(line -> line.split(" +"))
                .mapToLong(numbers -> Long.parseLong(numbers[2]) + Long.parseLong(numbers[3]))
                .sum();
    }

    @Test
    void datagramsAndATcpConnectionAreHeldToTheRateAndNothingIsDropped() throws Exception {
        Resident resident = resident(101, Optional.of(LIMIT));
        Flood udp = datagrams(resident, 7001);

        assertHeldTo(LIMIT, udp.measure(MEASURED_FOR));
        // The VM waits, not the host's memory.
        assertThat(waitingBytes(resident)).isBetween(0L, (long) LIMIT.sendBufferBytes() + LIMIT.sendBurstBytes());
        udp.close();
        Flood tcp = flood(Flood.ofTcp(resident.vm().guest(), fleet.client(), RoutedFleet.CLIENT, 7002));
        tcp.measure(Duration.ofMillis(500));
        assertHeldTo(LIMIT, tcp.measure(MEASURED_FOR));

        assertNothingDropped(fleet.a(), resident);
    }

    @Test
    void eachVmHasItsOwnRateAndOneWithoutIsNotSlowed() throws Exception {
        Resident slow = resident(102, Optional.of(new RateLimit(4_000_000)));
        Resident fast = resident(103, Optional.of(new RateLimit(16_000_000)));
        Resident free = resident(104, Optional.empty());
        Flood slowFlood = datagrams(slow, 7003);
        Flood fastFlood = datagrams(fast, 7004);
        Flood freeFlood = flood(Flood.ofTcp(free.vm().guest(), fleet.client(), RoutedFleet.CLIENT, 7005));

        slowFlood.begin();
        fastFlood.begin();
        Flood.Measured freeRate = freeFlood.measure(MEASURED_FOR);
        Flood.Measured slowRate = slowFlood.end();
        Flood.Measured fastRate = fastFlood.end();

        assertThat(fastRate.bitsPerSecond() / slowRate.bitsPerSecond()).isBetween(2.5, 5.5);
        assertThat(slowRate.bitsPerSecond()).isLessThan(4_000_000 * 1.15);
        assertThat(fastRate.bitsPerSecond()).isLessThan(16_000_000 * 1.15);
        assertThat(freeRate.bitsPerSecond()).isGreaterThan(fastRate.bitsPerSecond());
        assertNothingDropped(fleet.a(), slow, fast);
    }

    @Test
    void aLimitIsSetChangedAndLiftedUnderTraffic() throws Exception {
        Resident resident = resident(105, Optional.empty());
        Flood flood = flood(Flood.ofTcp(resident.vm().guest(), fleet.client(), RoutedFleet.CLIENT, 7006));
        Flood.Measured free = flood.measure(Duration.ofSeconds(1));

        limit(resident, Optional.of(LIMIT));
        flood.measure(Duration.ofSeconds(1));
        assertHeldTo(LIMIT, flood.measure(MEASURED_FOR));
        RateLimit half = new RateLimit(4_000_000);
        limit(resident, Optional.of(half));
        flood.measure(Duration.ofSeconds(1));
        assertHeldTo(half, flood.measure(MEASURED_FOR));
        assertNothingDropped(fleet.a(), resident);

        limit(resident, Optional.empty());
        flood.measure(Duration.ofSeconds(1));
        double lifted = flood.measure(Duration.ofSeconds(1)).bitsPerSecond();
        assertThat(lifted).as("after %s", free).isGreaterThan(2.0 * LIMIT.bitsPerSecond());
        assertNothingDropped(fleet.a(), resident);
    }

    private void limit(Resident resident, Optional<RateLimit> limit) {
        fleet.a().machine().in(() -> {
            resident.port().sendLimit(limit);
            return true;
        });
    }

    @Test
    void aLimitedVmReachesItsNeighbourAndALocalDestinationAtItsRate() throws Exception {
        Resident resident = resident(106, Optional.of(LIMIT));
        Resident neighbour = resident(107, Optional.empty());
        Flood toNeighbour = flood(Flood.ofDatagrams(
                resident.vm().guest(), neighbour.vm().guest(), neighbour.vm().v4(), 7007));
        assertHeldTo(LIMIT, toNeighbour.measure(MEASURED_FOR));
        toNeighbour.close();
        assertThat(fleet.a().passed(Way.NEIGHBOUR)).isPositive();

        fleet.a().machine().in(() -> {
            fleet.a().network().openLocalEgress(List.of(Prefix.parse("10.200.0.0/16")));
            resident.port()
                    .policy(resident.port().spec().policy().withLocalEgress(List.of(Prefix.parse("10.92.0.0/24"))));
            return true;
        });
        Flood local = datagrams(resident, 7008);
        assertHeldTo(LIMIT, local.measure(MEASURED_FOR));
        assertThat(local.heardFrom()).contains(RoutedFleet.A);
        assertNothingDropped(fleet.a(), resident);
    }

    @Test
    void movesUnderTheLimitLoseDoubleAndReorderNothing() throws Exception {
        Resident resident = resident(108, Optional.of(new RateLimit(2_000_000)));
        StrictObserver observer = StrictObserver.of(fleet, resident.vm());
        for (int i = 0; i < 3; i++) {
            observer.awaitProgress();
            withMoreThanTheRate(resident, () -> resident.move(PAUSE));
        }
        observer.awaitProgress();
        observer.stop().requireNothingHappened();
    }

    @Test
    void aMoveThatIsGivenUpLeavesTheLimitAndLosesNothing() throws Exception {
        Resident resident = resident(110, Optional.of(new RateLimit(2_000_000)));
        StrictObserver observer = StrictObserver.of(fleet, resident.vm());
        observer.awaitProgress();

        withMoreThanTheRate(resident, () -> {
            Resident.Switched switched = resident.switchOver();
            assertThat(rate(resident)).contains("rate 100Gbit");
            Resident.passTime(PAUSE);
            switched.rollBack();
        });

        observer.awaitProgress();
        observer.stop().requireNothingLost();
        assertNothingDropped(fleet.a(), resident);
    }

    private interface Turn {
        void run() throws IOException;
    }

    /** While what the VM sends waits for its time; all of it arrives and is answered. */
    private static void withMoreThanTheRate(Resident resident, Turn turn) throws Exception {
        Process bulk = resident.vm()
                .guest()
                .process("ping", "-n", "-q", "-s", "1300", "-l", BULK, "-c", BULK, "-W", "20", "10.92.0.2");
        awaitWaiting(resident);
        turn.run();
        assertThat(TestNamespace.output(bulk)).contains(BULK + " packets transmitted, " + BULK + " received");
        assertThat(rate(resident)).contains("rate 2Mbit");
    }

    private static String rate(Resident resident) {
        return resident.host()
                .machine()
                .run(
                        "tc",
                        "-s",
                        "qdisc",
                        "show",
                        "dev",
                        SendPace.device(resident.port().tapIndex()));
    }

    private static long waitingBytes(Resident resident) {
        return Long.parseLong(rate(resident).replaceAll("(?s).*backlog (\\d+)b.*", "$1"));
    }

    private static void awaitWaiting(Resident resident) {
        long deadline = System.nanoTime() + 20_000_000_000L;
        while (rate(resident).contains("backlog 0b 0p")) {
            assertThat(System.nanoTime()).as("waiting for a backlog").isLessThan(deadline);
        }
    }

    @Test
    void theLimitOutlivesHostdAndIsTakenOver() throws Exception {
        Resident resident = resident(109, Optional.of(LIMIT));
        Flood flood = datagrams(resident, 7009);
        assertHeldTo(LIMIT, flood.measure(MEASURED_FOR));

        fleet.a().die();
        assertHeldTo(LIMIT, flood.measure(MEASURED_FOR));
        fleet.a().restart();
        resident.port(fleet.a().reopenPort(resident.port().spec()));
        fleet.a().machine().in(() -> {
            resident.port().heldBy(resident.vmm().process().pid());
            return true;
        });
        assertHeldTo(LIMIT, flood.measure(MEASURED_FOR));
        assertNothingDropped(fleet.a(), resident);

        flood.close();
        String device = SendPace.device(resident.port().tapIndex());
        resident.vmm().close();
        fleet.a().removePort(resident.port());
        Optional<Link> left = fleet.a().machine().in(() -> {
            try (Links links = Links.open()) {
                return links.find(device);
            }
        });
        assertThat(left).isEmpty();
    }

    @Test
    void thisKernelHasWhatALimitNeeds() throws Exception {
        assertThat(fleet.a()
                        .machine()
                        .<Optional<String>>in(() -> fleet.a().network().sendLimitRefusal()))
                .isEmpty();
    }
}
