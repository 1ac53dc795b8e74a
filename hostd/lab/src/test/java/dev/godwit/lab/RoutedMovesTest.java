package dev.godwit.lab;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.godwit.api.ExecRequest;
import dev.godwit.api.Move;
import dev.godwit.api.MoveState;
import dev.godwit.api.Network;
import dev.godwit.api.NetworkSettings;
import dev.godwit.api.TrafficRate;
import dev.godwit.api.Vm;
import dev.godwit.api.VmState;
import dev.godwit.client.GodwitClient;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Two hosts that have nothing in common but a router between their subnets: a VM's connections go on through moves and
 * through what can go wrong with them. Needs root, VXLAN and BPF.
 */
@Timeout(value = 8, unit = TimeUnit.MINUTES)
class RoutedMovesTest extends TwoHostsTest {
    private static final Duration LIMIT = Duration.ofMinutes(2);
    private static final Set<MoveState> MOVED = Set.of(MoveState.RELEASE, MoveState.DONE);
    private static final int RATE = 200;
    private static final Duration STORE_OUTAGE = Duration.ofSeconds(60);
    /** A file in the guest's memory: gone when it has rebooted. */
    private static final String BEFORE = "before-the-reboot";
    /** Enough of a stream that the target waits for the rest of it. */
    private static final long STREAMING_BYTES = 4 << 20;

    private static final String PUMP = "/usr/local/bin/pump";
    private static final long SEND_BITS_PER_SECOND = 20_000_000;
    /** Frames with time stamps at the VMs' MTU of 1370 bytes. */
    private static final double TCP_OVERHEAD = (1370.0 + 14) / (1370 - 20 - 32);

    @Override
    TwoHosts open() throws IOException {
        return TwoHosts.behindRouters();
    }

    /** Two guests that call each other: the one that stays holds a TCP connection to the other, datagrams go both ways. */
    private final class Conversation {
        final Guest mover;
        final Guest still;
        private final String moverEcho;
        private final String stillEcho;
        private final String caller;
        /** Datagrams that came before anybody listened. */
        private final Map<Guest, Long> tooEarly;

        Conversation(Guest mover, Guest still) throws IOException {
            this.mover = mover;
            this.still = still;
            this.moverEcho = start(mover, "echo", "--udp-to", hosts.address(still) + ":7001", "--udp-rate", "" + RATE);
            this.stillEcho = start(still, "echo", "--udp-to", hosts.address(mover) + ":7001", "--udp-rate", "" + RATE);
            awaitStatus(mover, "echo", "udpOut", "sent", 1);
            this.caller = start(still, "dial", "--to", hosts.address(mover) + ":7000", "--rate", "" + RATE);
            awaitStatus(still, "dial", "", "received", RATE);
            awaitStatus(still, "echo", "udpIn", "received", RATE);
            awaitStatus(mover, "echo", "udpIn", "received", RATE);
            this.tooEarly = Map.of(
                    mover, status(mover, "echo", "udpIn", "lost"), still, status(still, "echo", "udpIn", "lost"));
        }

        /** Waits until so many more records were answered and datagrams came at both ends. */
        void awaitMore(long more) throws IOException {
            awaitStatus(still, "dial", "", "received", status(still, "dial", "", "received") + more);
            awaitStatus(mover, "echo", "udpIn", "received", status(mover, "echo", "udpIn", "received") + more);
            awaitStatus(still, "echo", "udpIn", "received", status(still, "echo", "udpIn", "received") + more);
        }

        void assertConnectionHeld() throws IOException {
            JsonNode calls = status(still, "dial");
            assertThat(calls.path("reconnects").asLong(-1)).as(calls.toString()).isZero();
            assertThat(calls.path("outOfOrder").asLong()).as(calls.toString()).isZero();
        }

        /** Both end, the senders first; every datagram has come once and in order. */
        void assertNothingLost(boolean inOrder) throws IOException {
            awaitMore(RATE);
            still.end(caller);
            assertConnectionHeld();
            assertCame(mover, inOrder);
            assertCame(still, inOrder);
            still.end(stillEcho);
            long sent = status(still, "echo", "udpOut", "sent");
            awaitStatus(mover, "echo", "udpIn", "beyond", sent);
            mover.end(moverEcho);
            assertNoneLost(mover);
        }

        void assertNoneLost(Guest at) throws IOException {
            JsonNode echo = status(at, "echo");
            assertThat(echo.path("udpIn").path("lost").asLong())
                    .as("lost on the way to " + (at == mover ? "the one that moves: " : "the one that stays: ") + echo)
                    .isEqualTo(tooEarly.get(at));
        }

        private void assertCame(Guest at, boolean inOrder) throws IOException {
            assertNoneLost(at);
            JsonNode echo = status(at, "echo");
            JsonNode in = echo.path("udpIn");
            assertThat(in.path("duplicated").asLong()).as("duplicated: " + echo).isZero();
            if (inOrder) {
                assertThat(in.path("reordered").asLong())
                        .as("reordered: " + echo)
                        .isZero();
            }
        }
    }

    /** VXLAN packets that the router between the hosts has passed on to host-a since this was first asked. */
    private long packetsToA() {
        HostNamespaces router = ((RoutedSites) hosts.lab.network()).underlayRouter();
        return Long.parseLong(router.run("sh", "-c", """
                        nft list table ip seen >/dev/null 2>&1 || nft '
                          table ip seen {
                            counter to_a {
                              packets 0 bytes 0
                            }
                            chain passed {
                              type filter hook forward priority 0;
                              oifname "n-host-a" udp dport 4789 counter name to_a
                            }
                          }'
                        nft list counter ip seen to_a | sed -n 's/.*packets \\([0-9]*\\).*/\\1/p'
                        """).strip());
    }

    private String start(Guest guest, String probe, String... options) throws IOException {
        guest.put("/usr/local/bin/" + probe, 0755, Files.readAllBytes(TwoHosts.DIST.probe(probe)));
        var argv = new java.util.ArrayList<>(List.of("/usr/local/bin/" + probe, "--status", file(probe)));
        argv.addAll(List.of(options));
        return guest.start(new ExecRequest(argv, Map.of(), null, false));
    }

    private static String file(String probe) {
        return "/run/" + probe + ".json";
    }

    private static JsonNode status(Guest guest, String probe) throws IOException {
        return guest.json(file(probe));
    }

    private static long status(Guest guest, String probe, String part, String figure) throws IOException {
        JsonNode all = status(guest, probe);
        return (part.isEmpty() ? all : all.path(part)).path(figure).asLong();
    }

    private static void awaitStatus(Guest guest, String probe, String part, String figure, long atLeast) {
        Patience.waitFor(probe + " of vm " + guest.vm() + " to have " + figure + " " + atLeast, LIMIT, () -> {
            try {
                return status(guest, probe, part, figure) >= atLeast ? Optional.of(true) : Optional.empty();
            } catch (IOException e) {
                return Optional.empty(); // not written yet, or the guest is on its way
            }
        });
    }

    @Test
    void everyPacketComesOnceAndInOrderThroughMovesBothWaysAndTheOldHostSeesNone() throws Exception {
        Conversation talk = new Conversation(hosts.vm(), hosts.vm(hosts.onB));
        packetsToA();
        talk.awaitMore(RATE);
        assertThat(packetsToA()).as("packets to the host where the VM is").isGreaterThan(RATE);
        move(hosts.onA, talk, "host-b");
        long before = packetsToA();
        talk.awaitMore(2 * RATE);
        assertThat(packetsToA())
                .as("packets to the host that has let go of the VM")
                .isEqualTo(before);
        move(hosts.onB, talk, "host-a");
        talk.awaitMore(RATE);
        move(hosts.onA, talk, "host-b");
        talk.assertNothingLost(true);
    }

    @Test
    void aGuestIsHeldToTheRateThatItMaySendAtAndAMoveKeepsTheRateAndLosesNothing() throws Exception {
        Network standard = hosts.onA.network(Network.DEFAULT_PROJECT);
        TrafficRate rate = new TrafficRate(SEND_BITS_PER_SECOND, null);
        Network limited = hosts.onA.putNetwork(
                Network.DEFAULT_PROJECT,
                new NetworkSettings(List.of(), List.of(), List.of(), rate, null),
                standard.revision());
        try (ExecutorService aside = Executors.newVirtualThreadPerTaskExecutor()) {
            Conversation talk = new Conversation(hosts.vm(), hosts.vm(hosts.onB));
            for (Guest guest : List.of(talk.mover, talk.still)) {
                guest.put(PUMP, 0755, Files.readAllBytes(TwoHosts.DIST.probe("pump")));
            }
            talk.still.start(ExecRequest.of(PUMP, "--serve", "7100"));

            assertThat(shareOfRate(talk, 10)).isBetween(0.9, 1.1);
            Future<Double> throughTheMove = aside.submit(() -> shareOfRate(talk, 30));
            talk.awaitMore(RATE);
            assertNoPaceDrops(hosts.a);
            move(hosts.onA, talk, "host-b");
            // The pause is in it, and what went without a limit before it.
            assertThat(throughTheMove.get()).as("through the move").isBetween(0.7, 1.1);
            assertThat(shareOfRate(talk, 10)).as("where it has moved to").isBetween(0.9, 1.1);

            assertNoPaceDrops(hosts.b);
            talk.assertNothingLost(true);
        } finally {
            hosts.onA.putNetwork(Network.DEFAULT_PROJECT, NetworkSettings.STANDARD, limited.revision());
        }
    }

    /** What of its rate a guest brings to the other as TCP, in Ethernet frames. */
    private double shareOfRate(Conversation talk, int seconds) throws IOException {
        String said = talk.mover.run(
                PUMP, "--to", hosts.address(talk.still) + ":7100", "--mode", "send", "--seconds", "" + seconds);
        return Double.parseDouble(said.replaceAll("\\D", "")) * TCP_OVERHEAD * Byte.SIZE / SEND_BITS_PER_SECOND;
    }

    private static void assertNoPaceDrops(LabHost host) {
        String queues = host.machine().run("tc", "-s", "qdisc", "show");
        assertThat(queues).contains("dev gwo").doesNotContainPattern("dropped [1-9]");
        assertThat(host.machine().run("sh", "-c", "cat /sys/class/net/gwo*/statistics/*_dropped"))
                .matches("[0\\s]+");
    }

    @Test
    void aGuestThatRebootsHasItsAddressAgain() throws Exception {
        Guest guest = hosts.vm();
        Guest other = hosts.vm(hosts.onB);
        String address = hosts.address(guest);
        assertThat(hosts.reaches(other, address)).isTrue();
        guest.run("touch", "/run/" + BEFORE);
        guest.run("sh", "-c", "(sleep 1; echo b >/proc/sysrq-trigger) >/dev/null 2>&1 &");
        Patience.waitFor("the guest to be reached again after its reboot", LIMIT, () -> {
            try {
                return !guest.run("ls", "/run").contains(BEFORE) && hosts.reaches(other, address)
                        ? Optional.of(true)
                        : Optional.empty();
            } catch (IOException e) {
                return Optional.empty(); // it boots
            }
        });
    }

    @Test
    void aMoveWhoseTargetHangsAfterTheSwitchComesBackWithEveryPacket() throws Exception {
        Conversation talk = new Conversation(hosts.vm(), hosts.vm(hosts.onB));
        hosts.startPages(talk.mover);
        long before = hosts.a.peerBytesSent();
        String moveId = hosts.onA.move(talk.mover.vm(), "host-b");
        Patience.waitFor(
                "the stream to run",
                LIMIT,
                () -> hosts.a.peerBytesSent() > before + STREAMING_BYTES ? Optional.of(true) : Optional.empty());
        hosts.stopVmm(hosts.b, talk.mover);
        Move failed = TwoHosts.ended(hosts.onA, moveId);
        assertThat(failed.state()).as(failed.toString()).isEqualTo(MoveState.ROLLED_BACK);
        assertThat(failed.states()).anyMatch(step -> step.state() == MoveState.SWITCH);
        talk.assertNothingLost(false);
        assertThat(hosts.onA.vm(talk.mover.vm()).state()).isEqualTo(VmState.RUNNING);
    }

    @Test
    void packetsGoOnWhileHostdIsKilledAndStartedAnewAndTheVmMovesThen() throws Exception {
        Conversation talk = new Conversation(hosts.vm(), hosts.vm(hosts.onB));
        hosts.a.killHostd();
        hosts.a.launchHostd(TwoHosts.DIST);
        talk.awaitMore(RATE);
        talk.assertConnectionHeld();
        // What the VM sends may have met the end of its host's lease if the start took longer; what comes to it never.
        talk.assertNoneLost(talk.mover);
        move(hosts.onA, talk, "host-b");
        talk.awaitMore(RATE);
        talk.assertConnectionHeld();
        talk.assertNoneLost(talk.mover);
    }

    @Test
    void anOutageOfTheFleetStoreDelaysWhatVmsSayAndEndsNoConnection() throws Exception {
        Conversation talk = new Conversation(hosts.vm(), hosts.vm(hosts.onB));
        hosts.lab.fleetStore().signal("STOP");
        try {
            Patience.pause(STORE_OUTAGE);
        } finally {
            hosts.lab.fleetStore().signal("CONT");
        }
        talk.awaitMore(RATE);
        talk.assertConnectionHeld();
        double silence = status(talk.still, "dial").path("maxGapMillis").asDouble();
        // The lease of ten seconds ends in the outage, and only with it what a VM says.
        assertThat(silence).isBetween(STORE_OUTAGE.minusSeconds(15).toMillis() * 1.0, (double) LIMIT.toMillis());
        move(hosts.onA, talk, "host-b");
        talk.awaitMore(RATE);
        talk.assertConnectionHeld();
    }

    @Test
    void aFrozenHostsVmIsTakenOverAndItsOldCopyIsNotHeardAgain() throws Exception {
        Guest still = hosts.vm(hosts.onB);
        Guest mover = hosts.vm();
        start(still, "echo");
        start(mover, "echo", "--udp-to", hosts.address(still) + ":7001", "--udp-rate", "" + RATE);
        awaitStatus(still, "echo", "udpIn", "received", RATE);
        String address = hosts.address(mover);
        FrozenMachine frozen = FrozenMachine.freeze(hosts.a.machine());
        Vm taken;
        try {
            taken = Patience.waitFor("the lease of host-a to end", LIMIT, () -> {
                try {
                    return Optional.of(hosts.onB.claimVm(mover.vm()));
                } catch (IOException alive) {
                    return Optional.empty(); // its lease has not ended yet
                }
            });
            assertThat(taken.host()).isEqualTo("host-b");
            assertThat(taken.address()).isEqualTo(address);
            assertThat(taken.fence()).isEqualTo(2);
            new Guest(hosts.onB, mover.vm()).awaitRunning();
        } finally {
            frozen.thaw();
        }
        long heard = status(still, "echo", "udpIn", "received");
        Patience.waitFor("host-a to end its copy", LIMIT, () -> {
            try {
                return hosts.onA.vms().stream()
                                .noneMatch(vm ->
                                        vm.id().equals(mover.vm()) && vm.host().equals("host-a"))
                        ? Optional.of(true)
                        : Optional.empty();
            } catch (IOException e) {
                return Optional.empty(); // it has just been let go on
            }
        });
        assertThat(status(still, "echo", "udpIn", "received"))
                .as("datagrams of the old copy after it was taken over")
                .isEqualTo(heard);
        assertThat(hosts.reaches(still, address))
                .as("the VM that was made anew")
                .isTrue();
    }

    private static void move(GodwitClient source, Conversation talk, String target) {
        String moveId = Patience.waitFor("host " + target + " to take the VM", LIMIT, () -> {
            try {
                return Optional.of(source.move(talk.mover.vm(), target));
            } catch (IOException e) {
                return Optional.empty(); // an earlier move is not over at both ends
            } catch (UncheckedIOException e) {
                return Optional.empty();
            }
        });
        Move move = TwoHosts.ended(source, moveId);
        assertThat(move.state()).as(move.toString()).isIn(MOVED);
    }
}
