package dev.godwit.lab.packets;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PacketPathTest {
    private static final String A = "10.76.1.2";
    private static final String B = "10.76.2.2";
    private static final String EDGE = "10.76.101.2";
    private static final String VM = "10.90.0.5";
    private static final String CLIENT = "192.0.2.2";

    @TempDir
    Path folder;

    @Test
    void aMoveWithOneLatePacketAndTwoThatWaitedIsReadAsSuch() throws Exception {
        PacketPath path = path(
                frame(1000, EDGE, A, 7, CLIENT, VM),
                frame(1001, A, EDGE, 7, VM, CLIENT),
                frame(1002, A, B, 7 | 1 << 22, CLIENT, VM),
                frame(1003, EDGE, B, 7, CLIENT, VM),
                frame(1010, EDGE, B, 7, CLIENT, VM),
                frame(1011, B, EDGE, 7, VM, CLIENT),
                frame(1012, EDGE, A, 7, CLIENT, "10.90.0.6"));
        assertThat(path.held(1009)).isEqualTo(2);
        assertThat(path.forwardedLate()).isEqualTo(1);
        assertThat(path.atSourceAfter(1002.5))
                .as("another VM's packets are no matter")
                .isZero();
        assertThat(path.atSourceAfter(1000.5)).isEqualTo(2);
        assertThat(path.ways()).extracting(way -> way.atEpochMillis().size()).containsExactly(1, 1, 2, 1, 1);
    }

    @Test
    void packetsInIpv6AreReadToo() throws Exception {
        List<VxlanFrame> frames = read(capture(276, frame(5, EDGE, A, 7, "2001:db8:2::2", "fd90:676f:6477::5")));
        assertThat(frames).hasSize(1);
        assertThat(frames.getFirst().vni()).isEqualTo(7);
        assertThat(frames.getFirst().touches(InetAddress.getByName("fd90:676f:6477::5")))
                .isTrue();
        assertThat(frames.getFirst().passes(InetAddress.getByName(A))).isTrue();
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 113, 276})
    void aCaptureThatIsCutOffAnywhereGivesTheWholeFramesBefore(int link) throws Exception {
        byte[] whole = capture(link, frame(1, EDGE, A, 7, CLIENT, VM), frame(2, A, EDGE, 7, VM, CLIENT));
        int first = 24 + (whole.length - 24) / 2;
        for (int bytes = 24; bytes <= whole.length; bytes++) {
            assertThat(read(Arrays.copyOf(whole, bytes))).hasSize(bytes < first ? 0 : bytes < whole.length ? 1 : 2);
        }
        assertThatThrownBy(() -> read(Arrays.copyOf(whole, 23))).isInstanceOf(IOException.class);
    }

    @Test
    void aRecordThatIsShorterThanItsHeadersIsNoFrame() throws Exception {
        byte[] one = frame(1, EDGE, A, 7, CLIENT, VM).bytes(113);
        for (int bytes = 0; bytes < 16 + 20 + 8 + 8 + 14 + 20; bytes++) {
            assertThat(read(file(113, 1, Arrays.copyOf(one, bytes)))).isEmpty();
        }
    }

    @Test
    void anotherFileIsRefused() {
        assertThatThrownBy(() -> read("#!/bin/bash of something else".getBytes()))
                .hasMessageContaining("no capture");
    }

    private PacketPath path(Sent... frames) throws IOException {
        return new PacketPath(
                InetAddress.getByName(VM),
                InetAddress.getByName(A),
                InetAddress.getByName(B),
                read(capture(113, frames)));
    }

    private List<VxlanFrame> read(byte[] content) throws IOException {
        Path file = folder.resolve("capture.pcap");
        Files.write(file, content);
        return PcapFile.read(file);
    }

    private static Sent frame(double atMillis, String from, String to, int vni, String source, String destination) {
        return new Sent(atMillis, from, to, vni, source, destination);
    }

    private static byte[] capture(int link, Sent... frames) throws IOException {
        ByteArrayOutputStream content = new ByteArrayOutputStream();
        for (Sent frame : frames) {
            byte[] one = file(link, frame.atMillis(), frame.bytes(link));
            content.writeBytes(content.size() == 0 ? one : Arrays.copyOfRange(one, 24, one.length));
        }
        return content.toByteArray();
    }

    private static byte[] file(int link, double atMillis, byte[] bytes) {
        ByteBuffer file = ByteBuffer.allocate(24 + 16 + bytes.length).order(ByteOrder.LITTLE_ENDIAN);
        file.putInt(0xa1b2c3d4)
                .putShort((short) 2)
                .putShort((short) 4)
                .putLong(0)
                .putInt(192)
                .putInt(link);
        file.putInt((int) (atMillis / 1000)).putInt((int) (atMillis % 1000 * 1000));
        file.putInt(bytes.length).putInt(bytes.length).put(bytes);
        return file.array();
    }

    private record Sent(double atMillis, String from, String to, int vni, String source, String destination) {
        byte[] bytes(int link) throws UnknownHostException {
            byte[] inner = InetAddress.getByName(source).getAddress();
            boolean v6 = inner.length == 16;
            ByteBuffer frame = ByteBuffer.allocate(512);
            frame.put(new byte[link == 1 ? 14 : link == 113 ? 16 : 20]);
            frame.put((byte) 0x45).put(new byte[8]).put((byte) 17).put(new byte[2]);
            frame.put(InetAddress.getByName(from).getAddress());
            frame.put(InetAddress.getByName(to).getAddress());
            frame.putShort((short) 50000).putShort((short) 4789).putInt(0);
            frame.putInt(0x08000000).putInt(vni << 8);
            frame.put(new byte[12]).putShort((short) (v6 ? 0x86dd : 0x0800));
            frame.put((byte) (v6 ? 0x60 : 0x45)).put(new byte[v6 ? 7 : 11]);
            frame.put(inner).put(InetAddress.getByName(destination).getAddress());
            return Arrays.copyOf(frame.array(), frame.position());
        }
    }
}
