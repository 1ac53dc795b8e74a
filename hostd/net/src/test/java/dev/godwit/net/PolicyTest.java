package dev.godwit.net;

import static dev.godwit.net.TrialPlane.FROM_TUNNEL;
import static dev.godwit.net.TrialPlane.FROM_VM;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.godwit.net.TrialPlane.Outcome;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.OptionalInt;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Rules, open flows, fragments and errors, as the kernel holds to them. */
@ExtendWith(KernelGate.class)
class PolicyTest {
    private static final Policy NOTHING = new Policy(List.of(), Verdict.DENY, Verdict.DENY, List.of());

    @TempDir
    Path folder;

    private static PolicyRule tcp(Direction direction, Verdict verdict, String remote, int first, int last) {
        return new PolicyRule(direction, verdict, Prefix.parse(remote), OptionalInt.of(Frames.TCP), first, last);
    }

    private static Policy denying(PolicyRule... rules) {
        return new Policy(List.of(rules), Verdict.DENY, Verdict.DENY, List.of());
    }

    @Test
    void theFirstRuleThatFitsDecidesWhateverItsPrefix() throws IOException {
        try (TrialPlane plane = TrialPlane.make(folder)) {
            plane.maps()
                    .policies()
                    .put(
                            TrialPlane.POLICY,
                            denying(
                                    tcp(Direction.OUT, Verdict.DENY, "198.51.0.0/16", 22, 22),
                                    tcp(Direction.OUT, Verdict.ALLOW, "198.51.100.7", 1, 1023),
                                    tcp(Direction.OUT, Verdict.DENY, "198.51.100.7", 443, 443),
                                    tcp(Direction.OUT, Verdict.ALLOW, "2001:db8::/32", 443, 443)));
            assertThat(allowed(plane, TrialPlane.OUTSIDE, 22)).isFalse();
            assertThat(allowed(plane, TrialPlane.OUTSIDE, 443)).isTrue();
            assertThat(allowed(plane, TrialPlane.OUTSIDE, 1)).isTrue();
            assertThat(allowed(plane, TrialPlane.OUTSIDE, 1023)).isTrue();
            assertThat(allowed(plane, TrialPlane.OUTSIDE, 1024)).isFalse();
            assertThat(allowed(plane, "198.51.100.8", 443)).isFalse();
            assertThat(allowed(plane, TrialPlane.OUTSIDE6, 443)).isTrue();
            assertThat(allowed(plane, TrialPlane.OUTSIDE6, 444)).isFalse();
            plane.assertDropped(
                    plane.send(FROM_VM.udp(TrialPlane.VM, TrialPlane.OUTSIDE, 9, 443, 4)),
                    Direction.OUT,
                    DropReason.POLICY);
        }
    }

    private static boolean allowed(TrialPlane plane, String remote, int port) throws IOException {
        String vm = remote.contains(":") ? TrialPlane.VM6 : TrialPlane.VM;
        Outcome outcome = plane.send(FROM_VM.tcp(vm, remote, 5000, port, Frames.SYN));
        plane.forgetCounts();
        return outcome.trial().returned() != TrialPlane.SHOT;
    }

    /** Random policies against a reading of the rules one after the other. */
    @Test
    void theKernelJudgesAsTheRulesRead() throws IOException {
        Random random = new Random(64);
        String[] remotes = {"198.51.100.7", "198.51.100.8", "198.51.7.1", "203.0.113.5", "2001:db8::7", "2001:db9::1"};
        String[] prefixes = {
            "0.0.0.0/0",
            "198.0.0.0/8",
            "198.51.0.0/16",
            "198.51.100.0/24",
            "198.51.100.7",
            "203.0.113.4/30",
            "::/0",
            "2001:db8::/32",
            "2001:db8::7"
        };
        try (TrialPlane plane = TrialPlane.make(folder)) {
            for (int round = 0; round < 60; round++) {
                List<PolicyRule> rules = new ArrayList<>();
                for (int i = random.nextInt(12); i >= 0; i--) {
                    int first = random.nextInt(5) * 10;
                    OptionalInt protocol = random.nextInt(4) == 0
                            ? OptionalInt.empty()
                            : OptionalInt.of(random.nextBoolean() ? 6 : 17);
                    rules.add(new PolicyRule(
                            random.nextInt(4) == 0 ? Direction.IN : Direction.OUT,
                            random.nextBoolean() ? Verdict.ALLOW : Verdict.DENY,
                            Prefix.parse(prefixes[random.nextInt(prefixes.length)]),
                            protocol,
                            random.nextInt(3) == 0 ? 0 : first,
                            random.nextInt(3) == 0 ? 65535 : first + random.nextInt(30)));
                }
                Policy policy = new Policy(
                        rules, random.nextBoolean() ? Verdict.ALLOW : Verdict.DENY, Verdict.ALLOW, List.of());
                plane.maps().policies().put(TrialPlane.POLICY, policy);
                for (int probe = 0; probe < 20; probe++) {
                    String remote = remotes[random.nextInt(remotes.length)];
                    int port = random.nextInt(60);
                    plane.maps().connections().remove(TrialPlane.vm(TrialPlane.VM));
                    plane.maps().connections().remove(TrialPlane.vm(TrialPlane.VM6));
                    assertThat(allowed(plane, remote, port))
                            .as("%s port %d under %s", remote, port, policy)
                            .isEqualTo(reading(policy, remote, port) == Verdict.ALLOW);
                }
            }
        }
    }

    private static Verdict reading(Policy policy, String remote, int port) {
        for (PolicyRule rule : policy.rules()) {
            if (rule.direction() == Direction.OUT
                    && rule.remote().covers(Addresses.literal(remote))
                    && rule.protocol().orElse(Frames.TCP) == Frames.TCP
                    && rule.firstPort() <= port
                    && port <= rule.lastPort()) {
                return rule.verdict();
            }
        }
        return policy.outbound();
    }

    @Test
    void answersToAnAllowedFlowPassInBothDirections() throws IOException {
        try (TrialPlane plane = TrialPlane.make(folder)) {
            plane.maps()
                    .policies()
                    .put(
                            TrialPlane.POLICY,
                            denying(
                                    tcp(Direction.IN, Verdict.ALLOW, "0.0.0.0/0", 80, 80),
                                    tcp(Direction.OUT, Verdict.ALLOW, TrialPlane.FAR, 443, 443)));
            byte[] answer = FROM_VM.tcp(TrialPlane.VM, TrialPlane.OUTSIDE, 80, 6000, Frames.ACK);
            plane.assertDropped(plane.send(answer), Direction.OUT, DropReason.POLICY);
            plane.receive(
                            TrialPlane.EDGE,
                            TrialPlane.NETWORK,
                            FROM_TUNNEL.tcp(TrialPlane.OUTSIDE, TrialPlane.VM, 6000, 80, Frames.SYN))
                    .wentInto(TrialPlane.TAP, TrialPlane.VM_MAC);
            plane.send(answer).wentTo(TrialPlane.EDGE, TrialPlane.NETWORK);

            byte[] reply = FROM_TUNNEL.tcp(TrialPlane.FAR, TrialPlane.VM, 443, 7000, Frames.SYN | Frames.ACK);
            plane.assertDropped(
                    plane.receive(TrialPlane.THERE, TrialPlane.NETWORK, reply), Direction.IN, DropReason.POLICY);
            plane.send(FROM_VM.tcp(TrialPlane.VM, TrialPlane.FAR, 7000, 443, Frames.SYN))
                    .wentTo(TrialPlane.THERE, TrialPlane.NETWORK);
            plane.receive(TrialPlane.THERE, TrialPlane.NETWORK, reply).wentInto(TrialPlane.TAP, TrialPlane.VM_MAC);
        }
    }

    @Test
    void bothVmsOfAHostHaveTheirSay() throws IOException {
        try (TrialPlane plane = TrialPlane.make(folder)) {
            plane.maps().policies().put(2, NOTHING);
            Port closed = TrialPlane.neighbour();
            plane.maps()
                    .ports()
                    .put(new Port(
                            closed.vni(),
                            closed.mac(),
                            closed.addresses(),
                            closed.tapIndex(),
                            2,
                            closed.mtu(),
                            closed.state(),
                            closed.forwardTo()));
            plane.assertDropped(
                    plane.send(FROM_VM.tcp(TrialPlane.VM, TrialPlane.NEIGHBOUR, 1, 2, Frames.SYN)),
                    Direction.IN,
                    DropReason.POLICY);
        }
    }

    @Test
    void anOpenFlowMovesWithItsVm() throws IOException {
        OpenFlow flow;
        VmAddress vm = TrialPlane.vm(TrialPlane.VM);
        byte[] reply = FROM_TUNNEL.tcp(TrialPlane.FAR, TrialPlane.VM, 443, 7000, Frames.ACK);
        try (TrialPlane source = TrialPlane.make(folder.resolve("source"))) {
            source.send(FROM_VM.tcp(TrialPlane.VM, TrialPlane.FAR, 7000, 443, Frames.SYN));
            source.send(FROM_VM.tcp(TrialPlane.VM6, TrialPlane.FAR6, 7001, 443, Frames.SYN));
            assertThat(source.maps().connections().of(vm)).hasSize(1);
            flow = source.maps().connections().of(vm).getFirst();
            assertThat(flow.opener()).isEqualTo(Direction.OUT);
            assertThat(flow.key()).isEqualTo(new FlowKey(vm, Addresses.literal(TrialPlane.FAR), 6, 7000, 443));
        }
        try (TrialPlane target = TrialPlane.make(folder.resolve("target"))) {
            target.maps().policies().put(TrialPlane.POLICY, NOTHING);
            target.assertDropped(
                    target.receive(TrialPlane.THERE, TrialPlane.NETWORK, reply), Direction.IN, DropReason.POLICY);
            target.maps().connections().add(List.of(flow));
            target.receive(TrialPlane.THERE, TrialPlane.NETWORK, reply).wentInto(TrialPlane.TAP, TrialPlane.VM_MAC);
            target.maps().connections().remove(vm);
            target.assertDropped(
                    target.receive(TrialPlane.THERE, TrialPlane.NETWORK, reply), Direction.IN, DropReason.POLICY);
            // One that was idle for longer than flows are remembered is none.
            target.maps()
                    .connections()
                    .add(List.of(new OpenFlow(
                            new FlowKey(vm, Addresses.literal(TrialPlane.FAR), 17, 7, 8),
                            Duration.ofMinutes(6),
                            Direction.OUT,
                            false)));
            target.assertDropped(
                    target.receive(
                            TrialPlane.THERE,
                            TrialPlane.NETWORK,
                            FROM_TUNNEL.udp(TrialPlane.FAR, TrialPlane.VM, 8, 7, 3)),
                    Direction.IN,
                    DropReason.POLICY);
        }
    }

    @Test
    void noFragmentSlipsPastARuleOnPorts() throws IOException {
        try (TrialPlane plane = TrialPlane.make(folder)) {
            plane.maps()
                    .policies()
                    .put(
                            TrialPlane.POLICY,
                            new Policy(
                                    List.of(new PolicyRule(
                                            Direction.OUT,
                                            Verdict.DENY,
                                            Prefix.ALL_V4,
                                            OptionalInt.of(Frames.UDP),
                                            53,
                                            53)),
                                    Verdict.ALLOW,
                                    Verdict.ALLOW,
                                    List.of()));
            byte[] first = FROM_VM.udp(TrialPlane.VM, TrialPlane.FAR, 1, 53, 24);
            Frames.put(first, 20, 0x2000);
            Frames.put(first, 18, 9);
            plane.assertDropped(plane.send(first), Direction.OUT, DropReason.POLICY);
            byte[] later = fragment(9, 32, false);
            plane.assertDropped(plane.send(later), Direction.OUT, DropReason.FRAGMENT);

            byte[] allowed = FROM_VM.udp(TrialPlane.VM, TrialPlane.FAR, 1, 54, 24);
            Frames.put(allowed, 20, 0x2000);
            Frames.put(allowed, 18, 10);
            // Not before its first fragment, which alone says the ports.
            plane.assertDropped(plane.send(fragment(10, 32, true)), Direction.OUT, DropReason.FRAGMENT);
            plane.send(allowed).wentTo(TrialPlane.THERE, TrialPlane.NETWORK);
            plane.send(fragment(10, 32, true)).wentTo(TrialPlane.THERE, TrialPlane.NETWORK);
            plane.send(fragment(10, 64, false)).wentTo(TrialPlane.THERE, TrialPlane.NETWORK);
            plane.assertDropped(plane.send(fragment(11, 32, false)), Direction.OUT, DropReason.FRAGMENT);
        }
    }

    private static byte[] fragment(int id, int offset, boolean more) {
        return FROM_VM.fragment(TrialPlane.VM, TrialPlane.FAR, Frames.UDP, new byte[32], id, offset, more);
    }

    @Test
    void whereNoRuleSpeaksOfPortsFragmentsPassInAnyOrder() throws IOException {
        try (TrialPlane plane = TrialPlane.make(folder)) {
            plane.send(fragment(12, 32, false)).wentTo(TrialPlane.THERE, TrialPlane.NETWORK);
            byte[] later =
                    FROM_VM.fragment6(TrialPlane.VM6, TrialPlane.FAR6, Frames.UDP, new byte[24], 99, 1232, false);
            plane.send(later).wentTo(TrialPlane.THERE, TrialPlane.NETWORK);
            byte[] datagram = Frames.part(FROM_VM.udp(TrialPlane.VM6, TrialPlane.FAR6, 1, 2, 1224), 54, 54 + 1232);
            plane.send(FROM_VM.fragment6(TrialPlane.VM6, TrialPlane.FAR6, Frames.UDP, datagram, 99, 0, true))
                    .wentTo(TrialPlane.THERE, TrialPlane.NETWORK);
            assertThat(plane.dropped()).isEmpty();
        }
    }

    @Test
    void tinyAndOverlappingFragmentsAreDropped() throws IOException {
        try (TrialPlane plane = TrialPlane.make(folder)) {
            for (int length = 0; length < 8; length++) {
                byte[] tiny =
                        FROM_VM.fragment(TrialPlane.VM, TrialPlane.FAR, Frames.UDP, new byte[length], 20, 0, true);
                plane.assertDropped(plane.send(tiny), Direction.OUT, DropReason.FRAGMENT);
            }
            for (int length = 0; length < 20; length++) {
                byte[] tiny =
                        FROM_VM.fragment6(TrialPlane.VM6, TrialPlane.FAR6, Frames.TCP, new byte[length], 20, 0, true);
                plane.assertDropped(plane.send(tiny), Direction.OUT, DropReason.FRAGMENT);
            }
            byte[] overlap = FROM_VM.fragment(TrialPlane.VM, TrialPlane.FAR, Frames.TCP, new byte[24], 20, 8, false);
            plane.assertDropped(plane.send(overlap), Direction.OUT, DropReason.FRAGMENT);
            byte[] tooLong =
                    FROM_VM.fragment(TrialPlane.VM, TrialPlane.FAR, Frames.UDP, new byte[64], 20, 65528, false);
            plane.assertDropped(plane.send(tooLong), Direction.OUT, DropReason.MALFORMED);
        }
    }

    @Test
    void anErrorAboutAnOpenFlowPassesAndOneAboutNoneDoesNot() throws IOException {
        try (TrialPlane plane = TrialPlane.make(folder)) {
            plane.maps()
                    .policies()
                    .put(
                            TrialPlane.POLICY,
                            denying(
                                    tcp(Direction.OUT, Verdict.ALLOW, "0.0.0.0/0", 443, 443),
                                    tcp(Direction.OUT, Verdict.ALLOW, "::/0", 443, 443)));
            for (String[] at : new String[][] {
                {TrialPlane.VM, TrialPlane.OUTSIDE, "203.0.113.1"}, {TrialPlane.VM6, TrialPlane.OUTSIDE6, "2001:db8::1"}
            }) {
                byte[] syn = FROM_VM.tcp(at[0], at[1], 7000, 443, Frames.SYN);
                byte[] error = tooBig(at[2], at[0], syn);
                plane.assertDropped(
                        plane.receive(TrialPlane.EDGE, TrialPlane.NETWORK, error), Direction.IN, DropReason.POLICY);
                plane.send(syn).wentTo(TrialPlane.EDGE, TrialPlane.NETWORK);
                plane.receive(TrialPlane.EDGE, TrialPlane.NETWORK, error).wentInto(TrialPlane.TAP, TrialPlane.VM_MAC);
                byte[] other = tooBig(at[2], at[0], FROM_VM.tcp(at[0], at[1], 7001, 443, Frames.SYN));
                plane.assertDropped(
                        plane.receive(TrialPlane.EDGE, TrialPlane.NETWORK, other), Direction.IN, DropReason.POLICY);
            }
        }
    }

    /** A router's word that a packet of the VM was too big. */
    private static byte[] tooBig(String router, String vm, byte[] about) {
        boolean v4 = !vm.contains(":");
        byte[] head = new byte[8];
        head[0] = (byte) (v4 ? 3 : 2);
        head[1] = (byte) (v4 ? 4 : 0);
        byte[] quoted = Frames.part(about, 14, 14 + (v4 ? 28 : 60));
        return FROM_TUNNEL.ip(router, vm, v4 ? Frames.ICMP : Frames.ICMPV6, Frames.join(head, quoted));
    }

    @Test
    void whatHappensToAFlowIsTold() throws IOException {
        try (TrialPlane plane = TrialPlane.make(folder)) {
            plane.send(FROM_VM.tcp(TrialPlane.VM, TrialPlane.FAR, 7000, 443, Frames.SYN));
            plane.send(FROM_VM.tcp(TrialPlane.VM, TrialPlane.FAR, 7000, 443, Frames.ACK));
            plane.receive(
                    TrialPlane.THERE,
                    TrialPlane.NETWORK,
                    FROM_TUNNEL.tcp(TrialPlane.FAR, TrialPlane.VM, 443, 7000, Frames.ACK | Frames.FIN));
            plane.send(FROM_VM.tcp(TrialPlane.VM, TrialPlane.FAR, 7000, 443, Frames.RST));
            List<FlowEvent> events = new ArrayList<>();
            assertThat(plane.maps().readFlows(Duration.ZERO, events::add)).isEqualTo(3);
            FlowKey key = new FlowKey(TrialPlane.vm(TrialPlane.VM), Addresses.literal(TrialPlane.FAR), 6, 7000, 443);
            assertThat(events)
                    .allMatch(
                            event -> event.key().equals(key) && event.dropped().isEmpty());
            assertThat(events.stream().map(FlowEvent::kind))
                    .containsExactly(FlowEvent.Kind.OPENED, FlowEvent.Kind.CLOSING, FlowEvent.Kind.RESET);
            assertThat(events.stream().map(FlowEvent::direction))
                    .containsExactly(Direction.OUT, Direction.IN, Direction.OUT);
        }
    }

    @Test
    void aPolicyIsReplacedWhole() throws IOException {
        try (TrialPlane plane = TrialPlane.make(folder)) {
            plane.maps()
                    .policies()
                    .put(TrialPlane.POLICY, denying(tcp(Direction.OUT, Verdict.ALLOW, "198.51.100.7", 443, 443)));
            plane.maps().policies().put(7, NOTHING);
            assertThat(allowed(plane, TrialPlane.OUTSIDE, 443)).isTrue();
            plane.maps().connections().remove(TrialPlane.vm(TrialPlane.VM));
            plane.maps().policies().put(TrialPlane.POLICY, NOTHING);
            assertThat(allowed(plane, TrialPlane.OUTSIDE, 443)).isFalse();
            assertThat(plane.maps().policies().numbers()).containsExactlyInAnyOrder(TrialPlane.POLICY, 7);
        }
    }

    @Test
    void aPolicyThatTheKernelCouldNotHoldIsRefusedWithAReason() throws IOException {
        try (TrialPlane plane = TrialPlane.make(folder)) {
            List<PolicyRule> many =
                    Collections.nCopies(Policies.CHAIN_MAX + 1, tcp(Direction.OUT, Verdict.DENY, "10.0.0.0/8", 22, 22));
            assertThatThrownBy(() -> plane.maps()
                            .policies()
                            .put(TrialPlane.POLICY, new Policy(many, Verdict.ALLOW, Verdict.ALLOW, List.of())))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("33 rules cover 10.0.0.0/8");
            plane.send(FROM_VM.udp(TrialPlane.VM, TrialPlane.FAR, 1, 2, 3))
                    .wentTo(TrialPlane.THERE, TrialPlane.NETWORK);
        }
    }
}
