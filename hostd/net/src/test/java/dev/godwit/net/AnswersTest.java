package dev.godwit.net;

import static dev.godwit.net.TrialPlane.FROM_VM;
import static org.assertj.core.api.Assertions.assertThat;

import dev.godwit.linux.BpfProgram;
import dev.godwit.net.TrialPlane.Outcome;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** What the programs say in the gateway's name, byte for byte. */
@ExtendWith(KernelGate.class)
class AnswersTest {
    @TempDir
    Path folder;

    @Test
    void anArpRequestIsAnsweredWithTheGatewaysAddress() throws IOException {
        try (TrialPlane plane = TrialPlane.make(folder)) {
            for (String target : new String[] {"169.254.1.1", TrialPlane.NEIGHBOUR, TrialPlane.FAR}) {
                Outcome outcome = plane.send(FROM_VM.arp(1, TrialPlane.VM, target));
                outcome.wentInto(TrialPlane.TAP, TrialPlane.VM_MAC);
                ByteBuffer arp = ByteBuffer.wrap(outcome.frame()).position(20);
                assertThat(arp.getShort()).isEqualTo((short) 2);
                assertThat(bytes(arp, 6)).isEqualTo(Gateway.MAC.octets());
                assertThat(bytes(arp, 4)).isEqualTo(Addresses.literal(target).getAddress());
                assertThat(bytes(arp, 6)).isEqualTo(TrialPlane.VM_MAC.octets());
                assertThat(bytes(arp, 4))
                        .isEqualTo(Addresses.literal(TrialPlane.VM).getAddress());
            }
            assertThat(plane.passed(Way.ARP_ANSWERED)).isEqualTo(3);
        }
    }

    @Test
    void aProbeForItsOwnAddressIsNotAnsweredAndOneForTheGatewaysIs() throws IOException {
        try (TrialPlane plane = TrialPlane.make(folder)) {
            plane.assertDropped(plane.send(FROM_VM.arp(1, "0.0.0.0", TrialPlane.VM)), Direction.OUT, DropReason.ARP);
            plane.assertDropped(plane.send(FROM_VM.arp(1, "0.0.0.0", TrialPlane.FAR)), Direction.OUT, DropReason.ARP);
            plane.send(FROM_VM.arp(1, "0.0.0.0", "169.254.1.1")).wentInto(TrialPlane.TAP, TrialPlane.VM_MAC);
            plane.assertDropped(
                    plane.send(FROM_VM.neighbourSolicitation("::", TrialPlane.VM6)), Direction.OUT, DropReason.ND);
            byte[] answer = plane.send(FROM_VM.neighbourSolicitation("::", "fe80::1"))
                    .wentInto(TrialPlane.TAP, TrialPlane.VM_MAC)
                    .frame();
            assertThat(Frames.part(answer, 38, 54))
                    .isEqualTo(Addresses.literal("ff02::1").getAddress());
        }
    }

    @Test
    void aNeighbourSolicitationIsAnsweredWithATrueChecksum() throws IOException {
        try (TrialPlane plane = TrialPlane.make(folder)) {
            for (String source : new String[] {"fe80::a", TrialPlane.VM6}) {
                byte[] answer = plane.send(FROM_VM.neighbourSolicitation(source, "fe80::1"))
                        .wentInto(TrialPlane.TAP, TrialPlane.VM_MAC)
                        .frame();
                assertThat(answer).hasSize(86);
                assertThat(answer[21]).isEqualTo((byte) 255);
                assertThat(Frames.part(answer, 22, 38))
                        .isEqualTo(Addresses.literal("fe80::1").getAddress());
                assertThat(Frames.part(answer, 38, 54))
                        .isEqualTo(Addresses.literal(source).getAddress());
                assertThat(answer[54]).isEqualTo((byte) 136);
                assertThat(answer[58]).isEqualTo((byte) 0xe0);
                assertThat(Frames.part(answer, 62, 78))
                        .isEqualTo(Addresses.literal("fe80::1").getAddress());
                assertThat(Frames.part(answer, 78, 86)).isEqualTo(Frames.join(new byte[] {2, 1}, Gateway.MAC.octets()));
                assertTrueIcmpv6(answer);
            }
        }
    }

    @Test
    void anEchoRequestToTheGatewayComesBack() throws IOException {
        try (TrialPlane plane = TrialPlane.make(folder)) {
            byte[] v4 = plane.send(FROM_VM.echo(TrialPlane.VM, "169.254.1.1", 77))
                    .wentInto(TrialPlane.TAP, TrialPlane.VM_MAC)
                    .frame();
            assertThat(v4[34]).isZero();
            assertThat(Frames.part(v4, 26, 30))
                    .isEqualTo(Addresses.literal("169.254.1.1").getAddress());
            assertThat(Frames.part(v4, 30, 34))
                    .isEqualTo(Addresses.literal(TrialPlane.VM).getAddress());
            assertThat(Frames.get16(v4, 38)).isEqualTo(77);
            assertThat(Frames.checksum(Frames.part(v4, 34, v4.length), 0)).isZero();
            assertThat(Frames.checksum(Frames.part(v4, 14, 34), 0)).isZero();
            for (String source : new String[] {TrialPlane.VM6, "fe80::a"}) {
                byte[] v6 = plane.send(FROM_VM.echo(source, "fe80::1", 78))
                        .wentInto(TrialPlane.TAP, TrialPlane.VM_MAC)
                        .frame();
                assertThat(v6[54]).isEqualTo((byte) 129);
                assertThat(Frames.part(v6, 38, 54))
                        .isEqualTo(Addresses.literal(source).getAddress());
                assertTrueIcmpv6(v6);
            }
            assertThat(plane.passed(Way.ECHO_ANSWERED)).isEqualTo(3);
        }
    }

    @Test
    void aPacketTooBigForTheWayIsDroppedAndItsSenderTold() throws IOException {
        try (TrialPlane plane = TrialPlane.make(folder)) {
            byte[] sent = FROM_VM.udp(TrialPlane.VM, TrialPlane.FAR, 1000, 2000, TrialPlane.MTU - 27);
            byte[] error =
                    plane.send(sent).wentInto(TrialPlane.TAP, TrialPlane.VM_MAC).frame();
            assertThat(plane.dropped()).isEqualTo(Map.of("OUT too-big", 1L));
            assertThat(error).hasSize(14 + 20 + 8 + 48);
            assertThat(Frames.checksum(Frames.part(error, 14, 34), 0)).isZero();
            assertThat(Frames.checksum(Frames.part(error, 34, error.length), 0)).isZero();
            assertThat(Frames.part(error, 34, 36)).isEqualTo(new byte[] {3, 4});
            assertThat(Frames.get16(error, 40)).isEqualTo(TrialPlane.MTU);
            assertThat(Frames.part(error, 42, error.length)).isEqualTo(Frames.part(sent, 14, 14 + 48));

            byte[] sent6 = FROM_VM.tcp(TrialPlane.VM6, TrialPlane.FAR6, 1, 2, Frames.ACK, TrialPlane.MTU);
            byte[] error6 = plane.send(sent6)
                    .wentInto(TrialPlane.TAP, TrialPlane.VM_MAC)
                    .frame();
            assertThat(plane.dropped()).isEqualTo(Map.of("OUT too-big", 1L));
            assertThat(error6).hasSize(14 + 40 + 8 + 88);
            assertThat(error6[54]).isEqualTo((byte) 2);
            assertThat(ByteBuffer.wrap(error6).getInt(58)).isEqualTo(TrialPlane.MTU);
            assertThat(Frames.part(error6, 62, error6.length)).isEqualTo(Frames.part(sent6, 14, 14 + 88));
            assertTrueIcmpv6(error6);
        }
    }

    @Test
    void thePathsLimitIsForPacketsAndNotForTheSegmentsThatTheCardCuts() throws IOException {
        try (TrialPlane plane = TrialPlane.make(folder)) {
            byte[] exact = FROM_VM.udp(TrialPlane.VM, TrialPlane.FAR, 1000, 2000, TrialPlane.MTU - 28);
            plane.send(exact).wentTo(TrialPlane.THERE, TrialPlane.NETWORK);
            byte[] large = FROM_VM.tcp(TrialPlane.VM, TrialPlane.FAR, 1, 2, Frames.ACK, 2600);
            plane.run(Hook.VM_OUT, new BpfProgram.Frame(large, TrialPlane.TAP, TrialPlane.MTU - 40, 2, 0))
                    .wentTo(TrialPlane.THERE, TrialPlane.NETWORK);
            plane.forgetCounts();
            plane.run(Hook.VM_OUT, new BpfProgram.Frame(large, TrialPlane.TAP, TrialPlane.MTU - 39, 2, 0))
                    .wentInto(TrialPlane.TAP, TrialPlane.VM_MAC);
            assertThat(plane.dropped()).isEqualTo(Map.of("OUT too-big", 1L));
        }
    }

    @Test
    void whatMayBeFragmentedIsNotTooBig() throws IOException {
        try (TrialPlane plane = TrialPlane.make(folder)) {
            byte[] big = FROM_VM.udp(TrialPlane.VM, TrialPlane.FAR, 1000, 2000, TrialPlane.MTU);
            Frames.put(big, 20, 0);
            plane.send(big).wentTo(TrialPlane.THERE, TrialPlane.NETWORK);
        }
    }

    private static byte[] bytes(ByteBuffer from, int count) {
        byte[] bytes = new byte[count];
        from.get(bytes);
        return bytes;
    }

    private static void assertTrueIcmpv6(byte[] frame) {
        byte[] message = Frames.part(frame, 54, frame.length);
        long pseudo = Frames.pseudo(
                Addresses.of(Frames.part(frame, 22, 38)), Addresses.of(Frames.part(frame, 38, 54)), message.length);
        assertThat(Frames.checksum(message, pseudo)).isZero();
        assertThat(Frames.get16(frame, 18)).isEqualTo(message.length);
    }
}
