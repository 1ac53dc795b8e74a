package dev.godwit.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class PortValuesTest {
    @Test
    void aPortsValuesAreCheckedBeforeADeviceIsMade() {
        assertThat(spec("gwvm1", 1370, 10_000).port(5))
                .isEqualTo(new Port(
                        7,
                        Gateway.MAC,
                        List.of(Addresses.literal("10.200.0.1")),
                        5,
                        5,
                        1370,
                        PortState.HOLD,
                        Optional.empty()));
        assertThatThrownBy(() -> spec("a/b", 1370, 10_000)).hasMessageContaining("tap name 'a/b'");
        assertThatThrownBy(() -> spec("..", 1370, 10_000)).hasMessageContaining("tap name '..'");
        assertThatThrownBy(() -> spec("a b", 1370, 10_000)).hasMessageContaining("tap name 'a b'");
        assertThatThrownBy(() -> spec("sixteen-letters-", 1370, 10_000)).hasMessageContaining("more than 15 bytes");
        assertThatThrownBy(() -> spec("gwvm1", 1370, 0)).hasMessageContaining("queue of 0 frames");
        assertThatThrownBy(() -> spec("gwvm1", 1370, 100_001)).hasMessageContaining("queue of 100001 frames");
        assertThatThrownBy(() -> spec("gwvm1", 1279, 10_000).port(5)).hasMessageContaining("MTU 1279");
    }

    private static VmPortSpec spec(String tap, int mtu, int queueFrames) {
        return new VmPortSpec(
                "vm-1",
                7,
                Gateway.MAC,
                List.of(Addresses.literal("10.200.0.1")),
                tap,
                0,
                mtu,
                queueFrames,
                Policy.standard(List.of()),
                Optional.empty(),
                Optional.empty());
    }

    @Test
    void aRateIsWithinWhatTheKernelTakes() {
        assertThat(new RateLimit(100_000).burstBytes()).isEqualTo(16 << 10);
        assertThat(new RateLimit(10_000_000_000L).burstBytes()).isEqualTo(1_250_000);
        assertThat(new RateLimit(100_000).waitingBytesMax()).isEqualTo(1 << 20);
        assertThat(RateLimit.lifted().waitingBytesMax()).isEqualTo(256 << 20);
        // A frame of any size, then 50 ms.
        assertThat(new RateLimit(100_000).sendBurstBytes()).isEqualTo(68 << 10);
        assertThat(new RateLimit(10_000_000_000L).sendBurstBytes()).isEqualTo(1_250_000);
        assertThat(new RateLimit(100_000).sendBufferBytes()).isEqualTo(64 << 10);
        assertThat(new RateLimit(100_000_000).sendBufferBytes()).isEqualTo(625_000);
        assertThat(RateLimit.lifted().sendBufferBytes()).isEqualTo(4 << 20);
        assertThatThrownBy(() -> new RateLimit(99_999)).hasMessageContaining("rate 99999 bit/s");
        assertThatThrownBy(() -> new RateLimit(100_000_000_001L)).hasMessageContaining("100000000001");
    }

    @Test
    void heldFramesAreFrames() {
        HeldFrames two = new HeldFrames(List.of(new byte[24])).then(new HeldFrames(List.of(new byte[70_000])));

        assertThat(two.count()).isEqualTo(2);
        assertThat(two.bytes()).isEqualTo(70_024);
        assertThat(HeldFrames.none().count()).isZero();
        assertThatThrownBy(() -> new HeldFrames(List.of(new byte[23]))).hasMessageContaining("23 bytes");
        assertThatThrownBy(() -> new HeldFrames(List.of(new byte[70_001]))).hasMessageContaining("70001 bytes");
    }

    @Test
    void aCaptureHasAnEnd() {
        assertThatThrownBy(() -> new CaptureLimit(0, 1024, Duration.ofSeconds(1), 64))
                .hasMessageContaining("0 frames");
        assertThatThrownBy(() -> new CaptureLimit(1, 1023, Duration.ofSeconds(1), 64))
                .hasMessageContaining("1023 bytes");
        assertThatThrownBy(() -> new CaptureLimit(1, 1024, Duration.ofDays(2), 64))
                .hasMessageContaining("PT48H");
        assertThatThrownBy(() -> new CaptureLimit(1, 1024, Duration.ofSeconds(1), 63))
                .hasMessageContaining("63 bytes of a frame");
    }

    @Test
    void aHostsPlaceIsChecked() {
        assertThatThrownBy(() ->
                        new HostNetworkSpec(Addresses.literal("0.0.0.0"), Path.of("/run/bpf"), 1370, Optional.empty()))
                .hasMessageContaining("underlay address 0.0.0.0");
        assertThatThrownBy(() ->
                        new HostNetworkSpec(Addresses.literal("10.0.0.1"), Path.of("/run/bpf"), 100, Optional.empty()))
                .hasMessageContaining("MTU 100");
    }
}
