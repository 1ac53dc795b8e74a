package dev.godwit.net;

import static dev.godwit.net.TrialPlane.FROM_TUNNEL;
import static dev.godwit.net.TrialPlane.FROM_VM;
import static org.assertj.core.api.Assertions.assertThat;

import dev.godwit.linux.BpfProgram;
import dev.godwit.net.TrialPlane.Outcome;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Where packets go: to neighbours, hosts, edges, the host's own stack; and through a move. */
@ExtendWith(KernelGate.class)
class DeliveryTest {
    private static final List<String[]> FAMILIES = List.of(
            new String[] {TrialPlane.VM, TrialPlane.NEIGHBOUR, TrialPlane.FAR, TrialPlane.OUTSIDE},
            new String[] {TrialPlane.VM6, TrialPlane.NEIGHBOUR6, TrialPlane.FAR6, TrialPlane.OUTSIDE6});

    @TempDir
    Path folder;

    @Test
    void aVmReachesItsNeighbourOtherHostsAndTheEdgeInBothFamilies() throws IOException {
        try (TrialPlane plane = TrialPlane.make(folder)) {
            for (String[] at : FAMILIES) {
                plane.send(FROM_VM.tcp(at[0], at[1], 1, 2, Frames.SYN))
                        .wentInto(TrialPlane.NEIGHBOUR_TAP, TrialPlane.NEIGHBOUR_MAC);
                plane.send(FROM_VM.tcp(at[0], at[2], 1, 2, Frames.SYN)).wentTo(TrialPlane.THERE, TrialPlane.NETWORK);
                plane.send(FROM_VM.tcp(at[0], at[3], 1, 2, Frames.SYN)).wentTo(TrialPlane.EDGE, TrialPlane.NETWORK);
                plane.send(FROM_VM.echo(at[0], at[2], 5)).wentTo(TrialPlane.THERE, TrialPlane.NETWORK);
                // Any protocol of IP: here SCTP and one that nobody knows.
                plane.send(FROM_VM.ip(at[0], at[2], 132, new byte[12])).wentTo(TrialPlane.THERE, TrialPlane.NETWORK);
                plane.send(FROM_VM.ip(at[0], at[2], 253, new byte[3])).wentTo(TrialPlane.THERE, TrialPlane.NETWORK);
                plane.send(FROM_VM.ip(at[0], at[2], 253, new byte[0])).wentTo(TrialPlane.THERE, TrialPlane.NETWORK);
            }
            assertThat(plane.dropped()).isEmpty();
            assertThat(plane.passed(Way.NEIGHBOUR)).isEqualTo(2);
            assertThat(plane.passed(Way.TO_HOST)).isEqualTo(10);
            assertThat(plane.passed(Way.TO_EDGE)).isEqualTo(2);
        }
    }

    @Test
    void aPacketKeepsItsBytesButForTheEthernetAddresses() throws IOException {
        try (TrialPlane plane = TrialPlane.make(folder)) {
            byte[] sent = FROM_VM.udp(TrialPlane.VM, TrialPlane.NEIGHBOUR, 1, 2, 333);
            byte[] got = plane.send(sent).frame();
            assertThat(Frames.part(got, 12, got.length)).isEqualTo(Frames.part(sent, 12, sent.length));
            assertThat(plane.send(FROM_VM.udp(TrialPlane.VM, TrialPlane.FAR, 1, 2, 333))
                            .frame())
                    .hasSize(sent.length);
        }
    }

    @Test
    void dnsOnTheGatewayAddressGoesToTheEdge() throws IOException {
        try (TrialPlane plane = TrialPlane.make(folder)) {
            plane.send(FROM_VM.udp(TrialPlane.VM, "169.254.1.1", 40000, 53, 30))
                    .wentTo(TrialPlane.EDGE, TrialPlane.NETWORK);
            plane.receive(
                            TrialPlane.EDGE,
                            TrialPlane.NETWORK,
                            FROM_TUNNEL.udp("169.254.1.1", TrialPlane.VM, 53, 40000, 60))
                    .wentInto(TrialPlane.TAP, TrialPlane.VM_MAC);
        }
    }

    @Test
    void anUnderlayOfIpv6Works() throws IOException {
        InetAddress here = Addresses.literal("fd00:9::1");
        InetAddress there = Addresses.literal("fd00:9::2");
        try (TrialPlane plane = TrialPlane.make(folder)) {
            plane.maps().configure(new Settings(here, TrialPlane.VXLAN, Settings.STACK_MARK));
            plane.maps().peers().add(there);
            plane.maps().locations().put(Location.settled(TrialPlane.vm(TrialPlane.VM), here, 6));
            plane.maps().locations().put(Location.settled(TrialPlane.vm(TrialPlane.FAR), there, 6));
            plane.send(FROM_VM.udp(TrialPlane.VM, TrialPlane.FAR, 1, 2, 8)).wentTo(there, TrialPlane.NETWORK);
            plane.receive(there, TrialPlane.NETWORK, FROM_TUNNEL.udp(TrialPlane.FAR, TrialPlane.VM, 2, 1, 8))
                    .wentInto(TrialPlane.TAP, TrialPlane.VM_MAC);
        }
    }

    @Test
    void whatIsForTheHostsOwnNatGoesToItsStackMarked() throws IOException {
        try (TrialPlane plane = TrialPlane.make(folder)) {
            plane.maps()
                    .policies()
                    .put(
                            TrialPlane.POLICY,
                            TrialPlane.OPEN.withLocalEgress(
                                    List.of(Prefix.parse("198.51.100.0/24"), Prefix.parse("2001:db8::/32"))));
            for (String[] at : FAMILIES) {
                Outcome local = plane.send(FROM_VM.tcp(at[0], at[3], 1, 443, Frames.SYN));
                assertThat(local.trial().returned()).isEqualTo(TrialPlane.PASSED);
                assertThat(local.trial().mark()).isEqualTo(Settings.STACK_MARK);
                plane.send(FROM_VM.tcp(at[0], at[2], 1, 2, Frames.SYN)).wentTo(TrialPlane.THERE, TrialPlane.NETWORK);
            }
            plane.send(FROM_VM.tcp(TrialPlane.VM, "203.0.113.5", 1, 443, Frames.SYN))
                    .wentTo(TrialPlane.EDGE, TrialPlane.NETWORK);
            assertThat(plane.passed(Way.TO_STACK)).isEqualTo(2);
        }
    }

    @Test
    void aHostThatIsTheEdgeItselfUsesItsOwnStack() throws IOException {
        try (TrialPlane plane = TrialPlane.make(folder)) {
            plane.maps().edges().put(new Edge(TrialPlane.NETWORK, TrialPlane.HERE, Optional.empty()));
            Outcome outcome = plane.send(FROM_VM.tcp(TrialPlane.VM, TrialPlane.OUTSIDE, 1, 443, Frames.SYN));
            assertThat(outcome.trial().returned()).isEqualTo(TrialPlane.PASSED);
            assertThat(outcome.trial().mark()).isEqualTo(Settings.STACK_MARK);
        }
    }

    @Test
    void aComingVmsPacketsWaitInItsTapAndGoOnWhenItLives() throws IOException {
        try (TrialPlane plane = TrialPlane.make(folder)) {
            byte[] arriving = FROM_TUNNEL.udp(TrialPlane.FAR, TrialPlane.VM, 2, 1, 8);
            plane.maps().ports().put(TrialPlane.port().hold());
            for (int i = 0; i < 3; i++) {
                plane.receive(TrialPlane.THERE, TrialPlane.NETWORK, arriving)
                        .wentInto(TrialPlane.TAP, TrialPlane.VM_MAC);
            }
            assertThat(plane.passed(Way.HELD)).isEqualTo(3);
            assertThat(plane.maps().ports().heldBytes(TrialPlane.TAP)).isEqualTo(3L * arriving.length);
            plane.maps().ports().put(TrialPlane.port());
            plane.receive(TrialPlane.THERE, TrialPlane.NETWORK, arriving).wentInto(TrialPlane.TAP, TrialPlane.VM_MAC);
            assertThat(plane.passed(Way.DELIVERED)).isEqualTo(1);
            plane.maps().ports().put(TrialPlane.port().hold());
            assertThat(plane.maps().ports().heldBytes(TrialPlane.TAP)).isZero();
        }
    }

    @Test
    void aStaleSendersPacketIsPassedOnOnceAndTheNewHostTakesItFromTheOld() throws IOException {
        try (TrialPlane plane = TrialPlane.make(folder)) {
            VmAddress vm = TrialPlane.vm(TrialPlane.VM);
            byte[] late = FROM_TUNNEL.udp(TrialPlane.FAR, TrialPlane.VM, 2, 1, 8);
            // The old host: first by its port, and after RELEASE by the location.
            plane.maps()
                    .locations()
                    .put(Location.settled(vm, TrialPlane.THIRD, 6).after(TrialPlane.HERE));
            plane.maps().ports().put(TrialPlane.port().forward(TrialPlane.THIRD));
            plane.receive(TrialPlane.THERE, TrialPlane.NETWORK, late)
                    .wentTo(TrialPlane.THIRD, TrialPlane.NETWORK | TrialPlane.FORWARDED);
            plane.maps().ports().remove(TrialPlane.TAP);
            plane.receive(TrialPlane.THERE, TrialPlane.NETWORK, late)
                    .wentTo(TrialPlane.THIRD, TrialPlane.NETWORK | TrialPlane.FORWARDED);
            assertThat(plane.passed(Way.FORWARDED)).isEqualTo(2);
            plane.assertDropped(
                    plane.receive(TrialPlane.THERE, TrialPlane.NETWORK | TrialPlane.FORWARDED, late),
                    Direction.IN,
                    DropReason.LOOP);
        }
    }

    @Test
    void aForwardedPacketIsTakenFromTheHostThatTheVmCameFromAndFromNoOther() throws IOException {
        try (TrialPlane plane = TrialPlane.make(folder)) {
            VmAddress vm = TrialPlane.vm(TrialPlane.VM);
            byte[] outside = FROM_TUNNEL.udp(TrialPlane.OUTSIDE, TrialPlane.VM, 2, 1, 8);
            int forwarded = TrialPlane.NETWORK | TrialPlane.FORWARDED;
            plane.assertDropped(plane.receive(TrialPlane.THIRD, forwarded, outside), Direction.IN, DropReason.STRANGER);
            plane.maps()
                    .locations()
                    .put(Location.settled(vm, TrialPlane.HERE, 6).after(TrialPlane.THIRD));
            plane.receive(TrialPlane.THIRD, forwarded, outside).wentInto(TrialPlane.TAP, TrialPlane.VM_MAC);
            // Released: it speaks no more, but late packets may still pass.
            plane.maps().locations().put(Location.settled(vm, TrialPlane.HERE, 6));
            plane.receive(TrialPlane.THIRD, forwarded, outside).wentInto(TrialPlane.TAP, TrialPlane.VM_MAC);
            plane.assertDropped(
                    plane.receive(TrialPlane.THIRD, TrialPlane.NETWORK, outside), Direction.IN, DropReason.STRANGER);
            plane.assertDropped(plane.receive(TrialPlane.THERE, forwarded, outside), Direction.IN, DropReason.STRANGER);
        }
    }

    @Test
    void aLocalSenderFollowsAVmThatHasLeft() throws IOException {
        try (TrialPlane plane = TrialPlane.make(folder)) {
            plane.maps().ports().put(TrialPlane.neighbour().forward(TrialPlane.THIRD));
            plane.send(FROM_VM.udp(TrialPlane.VM, TrialPlane.NEIGHBOUR, 1, 2, 8))
                    .wentTo(TrialPlane.THIRD, TrialPlane.NETWORK);
        }
    }

    @Test
    void anEdgeGivesWhatVmsSendToItsStack() throws IOException {
        try (TrialPlane plane = TrialPlane.make(folder)) {
            for (String[] at : FAMILIES) {
                byte[] frame = FROM_TUNNEL.tcp(at[2], at[3], 1, 443, Frames.SYN);
                Outcome outcome = plane.arrive(Hook.VX_GW, TrialPlane.THERE, TrialPlane.NETWORK, frame);
                assertThat(outcome.trial().returned()).isEqualTo(TrialPlane.PASSED);
                assertThat(outcome.trial().mark()).isEqualTo(Settings.STACK_MARK);
                plane.assertDropped(
                        plane.arrive(Hook.VX_GW, TrialPlane.THIRD, TrialPlane.NETWORK, frame),
                        Direction.IN,
                        DropReason.STRANGER);
            }
            plane.assertDropped(
                    plane.arrive(
                            Hook.VX_GW,
                            TrialPlane.THERE,
                            TrialPlane.NETWORK,
                            FROM_TUNNEL.tcp(TrialPlane.FAR, TrialPlane.FOREIGN, 1, 443, Frames.SYN)),
                    Direction.IN,
                    DropReason.OTHER_NETWORK);
            plane.assertDropped(
                    plane.arrive(
                            Hook.VX_GW,
                            TrialPlane.THERE,
                            TrialPlane.NETWORK,
                            FROM_TUNNEL.tcp(TrialPlane.FAR, "10.9.0.3", 1, 443, Frames.SYN)),
                    Direction.IN,
                    DropReason.POLICY);
        }
    }

    @Test
    void anEdgeSendsWhatItsStackRoutesToTheVmsHost() throws IOException {
        try (TrialPlane plane = TrialPlane.make(folder)) {
            plane.arriveFromNowhere();
            for (String[] at : FAMILIES) {
                byte[] frame = FROM_TUNNEL.tcp(at[3], at[2], 443, 1, Frames.ACK);
                Outcome outcome = plane.run(Hook.VX_OUT, BpfProgram.Frame.of(frame, TrialPlane.TAP));
                assertThat(outcome.trial().returned()).isEqualTo(TrialPlane.PASSED);
                assertThat(outcome.key()).contains(new TrialPlane.TunnelKey(TrialPlane.NETWORK, TrialPlane.THERE));
                plane.run(Hook.VX_OUT, BpfProgram.Frame.of(FROM_TUNNEL.tcp(at[3], at[0], 443, 1, 16), TrialPlane.TAP))
                        .wentInto(TrialPlane.TAP, TrialPlane.VM_MAC);
            }
            assertThat(plane.passed(Way.FROM_STACK)).isEqualTo(2);
            for (Object[] bad : new Object[][] {
                {FROM_TUNNEL.tcp(TrialPlane.OUTSIDE, "10.64.0.99", 443, 1, 16), DropReason.NO_VM},
                {FROM_TUNNEL.tcp(TrialPlane.FOREIGN, TrialPlane.FAR, 443, 1, 16), DropReason.OTHER_NETWORK},
                {FROM_TUNNEL.udp(TrialPlane.OUTSIDE, "224.0.0.1", 443, 1, 16), DropReason.MULTICAST},
                {FROM_TUNNEL.arp(1, TrialPlane.OUTSIDE, TrialPlane.FAR), DropReason.NOT_IP}
            }) {
                Outcome outcome = plane.run(Hook.VX_OUT, BpfProgram.Frame.of((byte[]) bad[0], TrialPlane.TAP));
                plane.assertDropped(outcome, Direction.IN, (DropReason) bad[1]);
            }
        }
    }

    @Test
    void anEdgeLeavesAloneWhatAProgramHasAddressedAlready() throws IOException {
        try (TrialPlane plane = TrialPlane.make(folder)) {
            byte[] frame = FROM_TUNNEL.tcp(TrialPlane.OUTSIDE, "10.64.0.99", 443, 1, Frames.ACK);
            Outcome outcome = plane.arrive(Hook.VX_OUT, TrialPlane.THERE, TrialPlane.NETWORK, frame);
            assertThat(outcome.trial().returned()).isEqualTo(TrialPlane.PASSED);
            assertThat(outcome.key()).isEmpty();
        }
    }

    @Test
    void whatAVmSendsAndGetsIsCounted() throws IOException {
        try (TrialPlane plane = TrialPlane.make(folder)) {
            byte[] out = FROM_VM.udp(TrialPlane.VM, TrialPlane.FAR, 1, 2, 100);
            byte[] in = FROM_TUNNEL.udp(TrialPlane.FAR, TrialPlane.VM, 2, 1, 50);
            plane.send(out);
            plane.send(out);
            plane.receive(TrialPlane.THERE, TrialPlane.NETWORK, in);
            plane.send(FROM_VM.udp("10.64.0.99", TrialPlane.FAR, 1, 2, 100));
            PortTraffic traffic = plane.maps().ports().traffic(TrialPlane.TAP);
            assertThat(traffic)
                    .isEqualTo(new PortTraffic(
                            new Traffic(2, 2L * out.length), new Traffic(1, in.length), 1, new Traffic(1, out.length)));
        }
    }

    @Test
    void whatALimitedVmSendsIsJudgedThenWaitsAndIsSentOnWhenItsTimeHasCome() throws IOException {
        int pace = 50;
        try (TrialPlane plane = TrialPlane.make(folder)) {
            plane.maps().paces().put(TrialPlane.TAP, pace);
            for (String[] at : FAMILIES) {
                for (String to : List.of(at[1], at[2], at[3])) {
                    byte[] sent = FROM_VM.tcp(at[0], to, 1, 2, Frames.SYN);
                    Outcome waits = plane.send(sent);
                    assertThat(waits.redirectedTo()).isEqualTo(pace);
                    assertThat(waits.key())
                            .as("the kernel has one key for each CPU")
                            .isEmpty();
                    assertThat(waits.frame()).isEqualTo(sent);
                }
                plane.leave(FROM_VM.tcp(at[0], at[1], 1, 2, Frames.SYN))
                        .wentInto(TrialPlane.NEIGHBOUR_TAP, TrialPlane.NEIGHBOUR_MAC);
                assertThat(plane.leave(FROM_VM.tcp(at[0], at[2], 1, 2, Frames.SYN))
                                .key())
                        .contains(new TrialPlane.TunnelKey(TrialPlane.NETWORK, TrialPlane.THERE));
                Outcome out = plane.leave(FROM_VM.tcp(at[0], at[3], 1, 2, Frames.SYN));
                assertThat(out.key()).contains(new TrialPlane.TunnelKey(TrialPlane.NETWORK, TrialPlane.EDGE));
                assertThat(out.trial().returned()).isEqualTo(TrialPlane.PASSED);
            }
            assertThat(plane.dropped()).isEmpty();
            assertThat(plane.passed(Way.NEIGHBOUR)).isEqualTo(2);
            assertThat(plane.passed(Way.TO_HOST)).isEqualTo(2);
            assertThat(plane.passed(Way.TO_EDGE)).isEqualTo(2);

            plane.assertDropped(
                    plane.send(FROM_VM.udp(TrialPlane.FAR, TrialPlane.OUTSIDE, 1, 2, 10)),
                    Direction.OUT,
                    DropReason.SPOOF);
            plane.maps().lease().until(Duration.ZERO);
            plane.assertDropped(
                    plane.leave(FROM_VM.udp(TrialPlane.VM, TrialPlane.OUTSIDE, 1, 2, 10)),
                    Direction.OUT,
                    DropReason.LEASE);
        }
    }

    @Test
    void whatALimitedVmSendsToTheHostsOwnStackGoesUpByItsTapOnce() throws IOException {
        try (TrialPlane plane = TrialPlane.make(folder)) {
            plane.maps().paces().put(TrialPlane.TAP, 50);
            plane.maps()
                    .policies()
                    .put(
                            TrialPlane.POLICY,
                            TrialPlane.OPEN.withLocalEgress(List.of(Prefix.parse(TrialPlane.OUTSIDE + "/32"))));
            byte[] frame = FROM_VM.udp(TrialPlane.VM, TrialPlane.OUTSIDE, 1, 2, 10);

            assertThat(plane.send(frame).redirectedTo()).isEqualTo(50);
            Outcome up = plane.leave(frame);

            assertThat(up.redirectedTo()).isEqualTo(TrialPlane.TAP);
            assertThat(up.trial().mark()).isEqualTo(Settings.STACK_MARK);
            Outcome arrived =
                    plane.run(Hook.VM_OUT, new BpfProgram.Frame(frame, TrialPlane.TAP, 0, 0, Settings.STACK_MARK));
            assertThat(arrived.trial().returned()).isEqualTo(TrialPlane.PASSED);
            assertThat(arrived.redirectedTo()).isZero();
            assertThat(plane.dropped()).isEmpty();
        }
    }
}
