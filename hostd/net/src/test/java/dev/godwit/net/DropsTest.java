package dev.godwit.net;

import static dev.godwit.net.TrialPlane.FROM_TUNNEL;
import static dev.godwit.net.TrialPlane.FROM_VM;
import static org.assertj.core.api.Assertions.assertThat;

import dev.godwit.linux.Clock;
import dev.godwit.net.TrialPlane.Outcome;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Every reason to drop is reached, and counted under its name and no other. */
@ExtendWith(KernelGate.class)
class DropsTest {
    @TempDir
    Path folder;

    @ParameterizedTest
    @EnumSource
    void everyReasonIsReachedAndNamed(DropReason reason) throws IOException {
        try (TrialPlane plane = TrialPlane.make(folder)) {
            plane.assertDropped(provoke(plane, reason), direction(reason), reason);
        }
    }

    private static Direction direction(DropReason reason) {
        return switch (reason) {
            case STRANGER, LOOP, NO_VM, HOLD_FULL -> Direction.IN;
            default -> Direction.OUT;
        };
    }

    /** A switch over the whole enum: a new reason does not compile without a frame that reaches it. */
    private static Outcome provoke(TrialPlane plane, DropReason reason) throws IOException {
        byte[] good = FROM_VM.udp(TrialPlane.VM, TrialPlane.FAR, 1000, 2000, 8);
        byte[] arriving = FROM_TUNNEL.udp(TrialPlane.FAR, TrialPlane.VM, 2000, 1000, 8);
        return switch (reason) {
            case MALFORMED -> {
                good[14] = 0x44; // a header shorter than IPv4's
                yield plane.send(good);
            }
            case NOT_IP -> plane.send(FROM_VM.ethernet(0x88b5, new byte[46]));
            case NO_PORT -> {
                plane.maps().ports().remove(TrialPlane.TAP);
                yield plane.send(good);
            }
            case SPOOF -> plane.send(FROM_VM.udp("10.64.0.99", TrialPlane.FAR, 1000, 2000, 8));
            case ARP -> plane.send(FROM_VM.arp(2, TrialPlane.VM, "169.254.1.1"));
            case ND -> plane.send(FROM_VM.neighbourSolicitation("::", TrialPlane.VM6));
            case RA -> plane.send(FROM_VM.ip("fe80::a", "ff02::2", Frames.ICMPV6, icmp(133)));
            case DHCP -> plane.send(FROM_VM.udp("0.0.0.0", "255.255.255.255", 68, 67, 240));
            case MULTICAST -> plane.send(FROM_VM.udp(TrialPlane.VM, "224.0.0.251", 5353, 5353, 20));
            case FRAGMENT ->
                plane.send(FROM_VM.fragment(TrialPlane.VM, TrialPlane.FAR, Frames.TCP, new byte[8], 9, 0, true));
            case LEASE -> {
                plane.maps().lease().until(Duration.ofNanos(1));
                yield plane.send(good);
            }
            case STALE -> {
                plane.maps().locations().put(Location.settled(TrialPlane.vm(TrialPlane.VM), TrialPlane.THERE, 6));
                yield plane.send(good);
            }
            case POLICY -> plane.send(FROM_VM.tcp(TrialPlane.VM, "169.254.169.254", 1000, 80, Frames.SYN));
            case OTHER_NETWORK -> plane.send(FROM_VM.udp(TrialPlane.VM, TrialPlane.FOREIGN, 1000, 2000, 8));
            case NO_VM -> {
                plane.maps().ports().remove(TrialPlane.TAP);
                yield plane.receive(TrialPlane.THERE, TrialPlane.NETWORK, arriving);
            }
            case NO_EDGE -> {
                plane.maps().edges().remove(TrialPlane.NETWORK);
                yield plane.send(FROM_VM.udp(TrialPlane.VM, TrialPlane.OUTSIDE, 1000, 2000, 8));
            }
            case STRANGER -> plane.receive(Addresses.literal("10.9.0.77"), TrialPlane.NETWORK, arriving);
            case LOOP -> {
                plane.maps().ports().put(TrialPlane.port().forward(TrialPlane.THIRD));
                yield plane.receive(TrialPlane.THERE, TrialPlane.NETWORK | TrialPlane.FORWARDED, arriving);
            }
            case HOLD_FULL -> {
                plane.maps().ports().put(TrialPlane.port().hold());
                plane.maps().ports().holdAtMost(TrialPlane.TAP, arriving.length - 1L);
                yield plane.receive(TrialPlane.THERE, TrialPlane.NETWORK, arriving);
            }
            case TOO_BIG -> {
                // With options in its header: told by the counter alone, as all others are by an answer too.
                byte[] big = FROM_VM.udp(TrialPlane.VM, TrialPlane.FAR, 1000, 2000, 1400);
                big[14] = 0x46;
                yield plane.send(big);
            }
            case KERNEL -> {
                plane.refuseKeys();
                yield plane.send(good);
            }
        };
    }

    private static byte[] icmp(int type) {
        byte[] message = new byte[8];
        message[0] = (byte) type;
        return message;
    }

    @Test
    void theProgramsAndTheEnumsNameTheSameThings() throws IOException {
        Path root = Path.of(System.getProperty("godwit.root", "../.."));
        String header = Files.readString(root.resolve("native/bpf/maps.h"));
        assertThat(names(header, "DROP_")).isEqualTo(lower(Stream.of(DropReason.values())));
        assertThat(names(header, "WAY_")).isEqualTo(lower(Stream.of(Way.values())));
        assertThat(names(header, "FLOW_")).isEqualTo(lower(Stream.of(FlowEvent.Kind.values())));
        assertThat(names(header, "PORT_")).isEqualTo(lower(Stream.of(PortState.values())));
        assertThat(DropReason.values()).hasSizeLessThan(32);
        assertThat(Way.values()).hasSizeLessThan(32);
    }

    private static List<String> lower(Stream<? extends Enum<?>> values) {
        return values.map(value -> value.name().toLowerCase(Locale.ROOT)).toList();
    }

    private static List<String> names(String header, String prefix) {
        List<String> names = new ArrayList<>();
        Matcher enums = Pattern.compile("enum \\w+ \\{([^}]*)}").matcher(header);
        while (enums.find()) {
            for (String member : enums.group(1).split(",")) {
                if (member.strip().startsWith(prefix)) {
                    names.add(member.strip().substring(prefix.length()).toLowerCase(Locale.ROOT));
                }
            }
        }
        return names;
    }

    @Test
    void aVmSpeaksUnderItsOwnAddressesOnly() throws IOException {
        try (TrialPlane plane = TrialPlane.make(folder)) {
            Frames otherMac = new Frames(TrialPlane.NEIGHBOUR_MAC, Gateway.MAC);
            List<byte[]> spoofed = List.of(
                    otherMac.udp(TrialPlane.VM, TrialPlane.FAR, 1, 2, 8),
                    FROM_VM.udp(TrialPlane.NEIGHBOUR, TrialPlane.FAR, 1, 2, 8),
                    FROM_VM.udp(TrialPlane.FAR, TrialPlane.NEIGHBOUR, 1, 2, 8),
                    FROM_VM.udp(TrialPlane.OUTSIDE, TrialPlane.FAR, 1, 2, 8),
                    FROM_VM.udp("169.254.1.1", TrialPlane.FAR, 1, 2, 8),
                    FROM_VM.udp(TrialPlane.NEIGHBOUR6, TrialPlane.FAR6, 1, 2, 8),
                    FROM_VM.udp("fe80::1", TrialPlane.FAR6, 1, 2, 8),
                    FROM_VM.arp(1, TrialPlane.NEIGHBOUR, "169.254.1.1"),
                    otherMac.arp(1, TrialPlane.VM, "169.254.1.1"),
                    FROM_VM.neighbourSolicitation(TrialPlane.NEIGHBOUR6, "fe80::1"));
            for (byte[] frame : spoofed) {
                plane.assertDropped(plane.send(frame), Direction.OUT, DropReason.SPOOF);
            }
        }
    }

    @Test
    void whatAVmMayNotSayToItsLinkHasAName() throws IOException {
        try (TrialPlane plane = TrialPlane.make(folder)) {
            for (int type : new int[] {133, 134, 137}) {
                byte[] frame = FROM_VM.ip("fe80::a", "ff02::1", Frames.ICMPV6, icmp(type));
                plane.assertDropped(plane.send(frame), Direction.OUT, DropReason.RA);
            }
            byte[] advertisement = FROM_VM.ip("fe80::a", "ff02::1", Frames.ICMPV6, icmp(136));
            plane.assertDropped(plane.send(advertisement), Direction.OUT, DropReason.ND);
            plane.assertDropped(
                    plane.send(FROM_VM.udp("fe80::a", "ff02::1:2", 546, 547, 20)), Direction.OUT, DropReason.DHCP);
            plane.assertDropped(
                    plane.send(FROM_VM.udp(TrialPlane.VM, TrialPlane.FAR, 67, 68, 240)),
                    Direction.OUT,
                    DropReason.DHCP);
            plane.assertDropped(
                    plane.send(FROM_VM.ip("fe80::a", "ff02::16", Frames.ICMPV6, icmp(143))),
                    Direction.OUT,
                    DropReason.MULTICAST);
            plane.assertDropped(
                    plane.send(FROM_VM.arp(1, TrialPlane.VM, TrialPlane.VM)), Direction.OUT, DropReason.ARP);
            plane.assertDropped(
                    plane.send(FROM_VM.udp(TrialPlane.VM, "255.255.255.255", 1, 2, 8)),
                    Direction.OUT,
                    DropReason.MULTICAST);
            plane.assertDropped(
                    plane.send(FROM_VM.udp(TrialPlane.VM, "127.0.0.1", 1, 2, 8)), Direction.OUT, DropReason.MALFORMED);
        }
    }

    @Test
    void anIpv4AddressWrittenAsIpv6IsNoWayToTheVmThatHasIt() throws IOException {
        try (TrialPlane plane = TrialPlane.make(folder)) {
            byte[] frame = FROM_VM.udp(TrialPlane.VM6, TrialPlane.FAR6, 1, 2, 8);
            System.arraycopy(Addresses.mapped(Addresses.literal(TrialPlane.FAR)), 0, frame, 14 + 24, 16);
            plane.assertDropped(plane.send(frame), Direction.OUT, DropReason.MALFORMED);
        }
    }

    @Test
    void onlyTheHostOfAVmSpeaksForItAndTheOneBeforeUntilItIsReleased() throws IOException {
        try (TrialPlane plane = TrialPlane.make(folder)) {
            byte[] frame = FROM_TUNNEL.udp(TrialPlane.FAR, TrialPlane.VM, 2000, 1000, 8);
            plane.assertDropped(
                    plane.receive(TrialPlane.THIRD, TrialPlane.NETWORK, frame), Direction.IN, DropReason.STRANGER);
            plane.receive(TrialPlane.THERE, TrialPlane.NETWORK, frame).wentInto(TrialPlane.TAP, TrialPlane.VM_MAC);

            VmAddress far = TrialPlane.vm(TrialPlane.FAR);
            plane.maps()
                    .locations()
                    .put(Location.settled(far, TrialPlane.THIRD, 6).after(TrialPlane.THERE));
            plane.receive(TrialPlane.THERE, TrialPlane.NETWORK, frame).wentInto(TrialPlane.TAP, TrialPlane.VM_MAC);
            plane.receive(TrialPlane.THIRD, TrialPlane.NETWORK, frame).wentInto(TrialPlane.TAP, TrialPlane.VM_MAC);

            plane.maps().locations().put(Location.settled(far, TrialPlane.THIRD, 6));
            plane.assertDropped(
                    plane.receive(TrialPlane.THERE, TrialPlane.NETWORK, frame), Direction.IN, DropReason.STRANGER);
        }
    }

    @Test
    void aHostThatIsNoPeerAnyMoreIsNotHeardWhateverItSpeaksFor() throws IOException {
        try (TrialPlane plane = TrialPlane.make(folder)) {
            plane.maps().peers().remove(TrialPlane.THERE);
            byte[] frame = FROM_TUNNEL.udp(TrialPlane.FAR, TrialPlane.VM, 2000, 1000, 8);
            plane.assertDropped(
                    plane.receive(TrialPlane.THERE, TrialPlane.NETWORK, frame), Direction.IN, DropReason.STRANGER);
            // Nor is a bit of the identifier that no host sets.
            plane.maps().peers().add(TrialPlane.THERE);
            plane.assertDropped(
                    plane.receive(TrialPlane.THERE, TrialPlane.NETWORK | 1 << 23, frame),
                    Direction.IN,
                    DropReason.STRANGER);
        }
    }

    @Test
    void theOutsideSpeaksThroughAnEdgeOfTheNetworkOnly() throws IOException {
        try (TrialPlane plane = TrialPlane.make(folder)) {
            for (String[] pair :
                    new String[][] {{TrialPlane.OUTSIDE, TrialPlane.VM}, {TrialPlane.OUTSIDE6, TrialPlane.VM6}}) {
                byte[] frame = FROM_TUNNEL.udp(pair[0], pair[1], 443, 1000, 8);
                plane.receive(TrialPlane.EDGE, TrialPlane.NETWORK, frame).wentInto(TrialPlane.TAP, TrialPlane.VM_MAC);
                plane.receive(TrialPlane.STAND_BY, TrialPlane.NETWORK, frame)
                        .wentInto(TrialPlane.TAP, TrialPlane.VM_MAC);
                plane.assertDropped(
                        plane.receive(TrialPlane.THERE, TrialPlane.NETWORK, frame), Direction.IN, DropReason.STRANGER);
            }
            // An edge does not speak for VMs.
            plane.assertDropped(
                    plane.receive(
                            TrialPlane.EDGE,
                            TrialPlane.NETWORK,
                            FROM_TUNNEL.udp(TrialPlane.FAR, TrialPlane.VM, 443, 1000, 8)),
                    Direction.IN,
                    DropReason.STRANGER);
            // Nor for another network.
            plane.assertDropped(
                    plane.receive(TrialPlane.EDGE, 8, FROM_TUNNEL.udp(TrialPlane.OUTSIDE, TrialPlane.VM, 443, 1000, 8)),
                    Direction.IN,
                    DropReason.STRANGER);
        }
    }

    @Test
    void aCopyIsSilentWhileAnotherHostOwnsTheVmButNotBetweenSwitchAndRelease() throws IOException {
        try (TrialPlane plane = TrialPlane.make(folder)) {
            byte[] frame = FROM_VM.udp(TrialPlane.VM, TrialPlane.FAR, 1000, 2000, 8);
            Location moved = Location.settled(TrialPlane.vm(TrialPlane.VM), TrialPlane.THIRD, 6);
            plane.maps().locations().put(moved.after(TrialPlane.HERE));
            plane.send(frame).wentTo(TrialPlane.THERE, TrialPlane.NETWORK);
            plane.maps().locations().put(moved);
            plane.assertDropped(plane.send(frame), Direction.OUT, DropReason.STALE);
            // To its neighbour on the same host neither.
            byte[] near = FROM_VM.udp(TrialPlane.VM, TrialPlane.NEIGHBOUR, 1000, 2000, 8);
            plane.assertDropped(plane.send(near), Direction.OUT, DropReason.STALE);
        }
    }

    @Test
    void aLeaseThatIsNotYetGivenIsClosed() throws IOException {
        try (TrialPlane plane = TrialPlane.make(folder)) {
            plane.maps().lease().close();
            byte[] frame = FROM_VM.udp(TrialPlane.VM6, TrialPlane.FAR6, 1000, 2000, 8);
            plane.assertDropped(plane.send(frame), Direction.OUT, DropReason.LEASE);
            plane.maps().lease().until(Duration.ofNanos(Clock.BOOTTIME.nanos()).plusSeconds(3600));
            plane.send(frame).wentTo(TrialPlane.THERE, TrialPlane.NETWORK);
        }
    }

    @Test
    void aPortWithoutAPolicyLetsNothingPass() throws IOException {
        try (TrialPlane plane = TrialPlane.make(folder)) {
            plane.maps().policies().remove(TrialPlane.POLICY);
            assertThat(plane.maps().policies().numbers()).isEmpty();
            plane.assertDropped(
                    plane.send(FROM_VM.udp(TrialPlane.VM, TrialPlane.FAR, 1, 2, 8)), Direction.OUT, DropReason.POLICY);
            plane.assertDropped(
                    plane.receive(
                            TrialPlane.THERE,
                            TrialPlane.NETWORK,
                            FROM_TUNNEL.udp(TrialPlane.FAR, TrialPlane.VM, 2, 1, 8)),
                    Direction.IN,
                    DropReason.POLICY);
        }
    }

    @Test
    void thePeersOfTheUnderlayAreOutOfReach() throws IOException {
        try (TrialPlane plane = TrialPlane.make(folder)) {
            plane.maps()
                    .policies()
                    .put(TrialPlane.POLICY, new Policy(List.of(), Verdict.ALLOW, Verdict.ALLOW, List.of()));
            plane.assertDropped(
                    plane.send(FROM_VM.udp(TrialPlane.VM, "10.9.0.2", 1, 4789, 8)), Direction.OUT, DropReason.POLICY);
        }
    }

    @Test
    void aDropIsToldWithItsReason() throws IOException {
        try (TrialPlane plane = TrialPlane.make(folder)) {
            plane.send(FROM_VM.tcp(TrialPlane.VM, "169.254.169.254", 1000, 80, Frames.SYN));
            List<FlowEvent> events = new ArrayList<>();
            plane.maps().readFlows(Duration.ZERO, events::add);
            assertThat(events).hasSize(1);
            assertThat(events.getFirst().kind()).isEqualTo(FlowEvent.Kind.DENIED);
            assertThat(events.getFirst().dropped()).isEqualTo(Optional.of(DropReason.POLICY));
            assertThat(events.getFirst().key())
                    .isEqualTo(new FlowKey(
                            TrialPlane.vm(TrialPlane.VM), Addresses.literal("169.254.169.254"), Frames.TCP, 1000, 80));
        }
    }
}
