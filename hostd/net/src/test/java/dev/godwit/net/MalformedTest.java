package dev.godwit.net;

import static dev.godwit.net.TrialPlane.FROM_TUNNEL;
import static dev.godwit.net.TrialPlane.FROM_VM;
import static org.assertj.core.api.Assertions.assertThat;

import dev.godwit.linux.BpfProgram;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Frames that are cut, odd or noise: each is passed on or dropped under a name, and none is passed on by mistake. */
@ExtendWith(KernelGate.class)
class MalformedTest {
    private static final int TYPE_AT = 12;

    private static final int TRUE_PREFIX = 6;

    @TempDir
    Path folder;

    /** The kernel tries programs on no less than an Ethernet and a bare IP header. */
    private static int bytesMin(byte[] frame) {
        return switch (Frames.get16(frame, TYPE_AT)) {
            case 0x0800 -> Frames.ETHERNET + 20;
            case 0x86dd -> Frames.ETHERNET + 40;
            default -> Frames.ETHERNET + 1;
        };
    }

    @Test
    void aFrameCutAtAnyByteOfItsHeadersIsDropped() throws IOException {
        List<byte[]> whole = List.of(
                FROM_VM.tcp(TrialPlane.VM, TrialPlane.FAR, 1, 2, Frames.SYN),
                FROM_VM.udp(TrialPlane.VM, TrialPlane.FAR, 1, 2, 5),
                FROM_VM.echo(TrialPlane.VM, TrialPlane.FAR, 3),
                FROM_VM.tcp(TrialPlane.VM6, TrialPlane.FAR6, 1, 2, Frames.SYN),
                FROM_VM.udp(TrialPlane.VM6, TrialPlane.FAR6, 1, 2, 5),
                FROM_VM.echo(TrialPlane.VM6, TrialPlane.FAR6, 3),
                extended(1),
                FROM_VM.neighbourSolicitation(TrialPlane.VM6, "fe80::1"),
                FROM_VM.arp(1, TrialPlane.VM, "169.254.1.1"));
        try (TrialPlane plane = TrialPlane.make(folder)) {
            for (byte[] frame : whole) {
                assertThat(plane.send(frame).trial().returned()).isEqualTo(TrialPlane.REDIRECTED);
                plane.forgetCounts();
                for (int length = bytesMin(frame); length < frame.length; length++) {
                    TrialPlane.Outcome outcome = plane.send(Arrays.copyOf(frame, length));
                    plane.assertDropped(outcome, Direction.OUT, DropReason.MALFORMED);
                }
            }
        }
    }

    @Test
    void paddingAfterAPacketIsNoFault() throws IOException {
        try (TrialPlane plane = TrialPlane.make(folder)) {
            for (int length = 0; length < 50; length++) {
                byte[] frame = FROM_VM.udp(TrialPlane.VM, TrialPlane.FAR, 1, 2, length);
                plane.send(Frames.join(frame, new byte[7])).wentTo(TrialPlane.THERE, TrialPlane.NETWORK);
                byte[] frame6 = FROM_VM.udp(TrialPlane.VM6, TrialPlane.FAR6, 1, 2, length);
                plane.send(Frames.join(frame6, new byte[7])).wentTo(TrialPlane.THERE, TrialPlane.NETWORK);
            }
        }
    }

    @Test
    void lengthsThatContradictThemselvesAreNotFollowed() throws IOException {
        try (TrialPlane plane = TrialPlane.make(folder)) {
            for (int bad : new int[] {0, 19, 27, 1000, 65535}) {
                byte[] frame = FROM_VM.udp(TrialPlane.VM, TrialPlane.FAR, 1, 2, 5);
                Frames.put(frame, 16, bad);
                plane.assertDropped(plane.send(frame), Direction.OUT, DropReason.MALFORMED);
            }
            for (int header = 0; header < 5; header++) {
                byte[] frame = FROM_VM.udp(TrialPlane.VM, TrialPlane.FAR, 1, 2, 5);
                frame[14] = (byte) (0x40 | header);
                plane.assertDropped(plane.send(frame), Direction.OUT, DropReason.MALFORMED);
            }
            byte[] longTcp = FROM_VM.tcp(TrialPlane.VM, TrialPlane.FAR, 1, 2, Frames.SYN, 0);
            longTcp[14 + 20 + 12] = (byte) 0xf0;
            plane.assertDropped(plane.send(longTcp), Direction.OUT, DropReason.MALFORMED);
            byte[] wrongVersion = FROM_VM.udp(TrialPlane.VM6, TrialPlane.FAR6, 1, 2, 5);
            wrongVersion[14] = 0x40;
            plane.assertDropped(plane.send(wrongVersion), Direction.OUT, DropReason.MALFORMED);
        }
    }

    @Test
    void extensionHeadersAreReadUpToABound() throws IOException {
        try (TrialPlane plane = TrialPlane.make(folder)) {
            for (int headers = 1; headers <= 5; headers++) {
                plane.send(extended(headers)).wentTo(TrialPlane.THERE, TrialPlane.NETWORK);
            }
            plane.assertDropped(plane.send(extended(6)), Direction.OUT, DropReason.MALFORMED);
            byte[] routed = extended(1);
            routed[Frames.ETHERNET + 6] = 43; // a routing header of type 0
            routed[Frames.ETHERNET + 40 + 2] = 0;
            plane.assertDropped(plane.send(routed), Direction.OUT, DropReason.MALFORMED);
        }
    }

    /** UDP behind destination options. */
    private static byte[] extended(int headers) {
        ByteBuffer payload = ByteBuffer.allocate(8 * headers + 8);
        for (int i = 1; i <= headers; i++) {
            payload.put((byte) (i == headers ? Frames.UDP : 60)).put(new byte[] {0, 1, 4, 0, 0, 0, 0});
        }
        payload.putShort((short) 1).putShort((short) 2).putShort((short) 8);
        return FROM_VM.ip(TrialPlane.VM6, TrialPlane.FAR6, 60, payload.array());
    }

    @Test
    void noiseNeverGetsPastTheChecksAndNeverGoesUncounted() throws IOException {
        Random random = new Random(20_261_130);
        List<byte[]> seeds = List.of(
                FROM_VM.tcp(TrialPlane.VM, TrialPlane.FAR, 1, 2, Frames.SYN),
                FROM_VM.udp(TrialPlane.VM6, TrialPlane.FAR6, 1, 2, 5),
                extended(3),
                FROM_VM.neighbourSolicitation(TrialPlane.VM6, "fe80::1"),
                FROM_VM.arp(1, TrialPlane.VM, "169.254.1.1"));
        try (TrialPlane plane = TrialPlane.make(folder)) {
            for (int round = 0; round < 4_000; round++) {
                byte[] frame = seeds.get(round % seeds.size()).clone();
                for (int flips = random.nextInt(4); flips >= 0; flips--) {
                    frame[TRUE_PREFIX + random.nextInt(frame.length - TRUE_PREFIX)] = (byte) random.nextInt();
                }
                int cut = round % 3 == 0 ? random.nextInt(40) : 0;
                byte[] noise = Arrays.copyOf(frame, Math.max(bytesMin(frame), frame.length - cut));
                boolean own = Arrays.equals(Frames.part(noise, 6, 12), TrialPlane.VM_MAC.octets());
                TrialPlane.Outcome outcome = plane.send(noise);
                int returned = outcome.trial().returned();
                assertThat(returned).as("round %d", round).isIn(TrialPlane.SHOT, TrialPlane.REDIRECTED);
                assertThat(plane.dropped().values().stream()
                                .mapToLong(Long::longValue)
                                .sum())
                        .as("round %d", round)
                        .isEqualTo(returned == TrialPlane.SHOT ? 1 : 0);
                assertThat(own || returned == TrialPlane.SHOT).isTrue();
            }
        }
    }

    @Test
    void noiseFromAPeerIsNotFollowedEither() throws IOException {
        Random random = new Random(5);
        byte[] seed = FROM_TUNNEL.tcp(TrialPlane.FAR6, TrialPlane.VM6, 1, 2, Frames.ACK);
        try (TrialPlane plane = TrialPlane.make(folder)) {
            for (Hook hook : List.of(Hook.VX_IN, Hook.VX_GW, Hook.VX_OUT)) {
                plane.arriveFrom(TrialPlane.THERE, TrialPlane.NETWORK);
                if (hook == Hook.VX_OUT) {
                    plane.arriveFromNowhere();
                }
                for (int round = 0; round < 1_000; round++) {
                    int least = bytesMin(seed);
                    byte[] noise = Arrays.copyOf(seed, least + random.nextInt(seed.length - least + 1));
                    noise[Frames.ETHERNET + random.nextInt(noise.length - Frames.ETHERNET)] = (byte) random.nextInt();
                    int returned = plane.run(hook, BpfProgram.Frame.of(noise, TrialPlane.TAP))
                            .trial()
                            .returned();
                    assertThat(returned).isIn(TrialPlane.SHOT, TrialPlane.REDIRECTED, TrialPlane.PASSED);
                    assertThat(plane.dropped().values().stream()
                                    .mapToLong(Long::longValue)
                                    .sum())
                            .isEqualTo(returned == TrialPlane.SHOT ? 1 : 0);
                }
            }
        }
    }
}
