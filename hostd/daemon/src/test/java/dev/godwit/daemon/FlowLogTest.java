package dev.godwit.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import dev.godwit.api.Flow;
import dev.godwit.api.FlowKind;
import dev.godwit.api.TrafficDirection;
import dev.godwit.net.Addresses;
import dev.godwit.net.Direction;
import dev.godwit.net.DropReason;
import dev.godwit.net.FlowEvent;
import dev.godwit.net.FlowKey;
import dev.godwit.net.VmAddress;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class FlowLogTest {
    private static final Instant NOW = Instant.parse("2026-11-30T12:00:00Z");
    private static final VmAddress V4 = new VmAddress(7, Addresses.literal("10.77.0.2"));
    private static final VmAddress V6 = new VmAddress(7, Addresses.literal("fd77::2"));
    private static final VmAddress SAME_ELSEWHERE = new VmAddress(8, Addresses.literal("10.77.0.2"));

    private final FlowLog log = new FlowLog(
            "host-a", InstantSource.fixed(NOW), () -> Duration.ofSeconds(100).toNanos());

    private static FlowEvent event(VmAddress vm, int vmPort) {
        return new FlowEvent(
                FlowEvent.Kind.DENIED,
                Duration.ofSeconds(99),
                new FlowKey(vm, Addresses.literal("169.254.169.254"), 6, vmPort, 80),
                Direction.OUT,
                Optional.of(DropReason.POLICY),
                74);
    }

    private FlowReader reader(String vmId) {
        return log.reader(vmId).orElseThrow();
    }

    @Test
    void anEventIsToldWithItsTimeAndItsReasonByName() throws Exception {
        log.add("vm-1", List.of(V4, V6));
        log.accept(event(V4, 40_000));
        assertThat(reader("vm-1").next(Duration.ZERO).flows())
                .containsExactly(new Flow(
                        NOW.minusSeconds(1),
                        "host-a",
                        FlowKind.DENIED,
                        TrafficDirection.OUT,
                        "tcp",
                        "10.77.0.2",
                        40_000,
                        "169.254.169.254",
                        80,
                        "policy",
                        74));
    }

    @Test
    void bothAddressesOfAVmAreOneStreamAndAnotherNetworksVmOfTheSameAddressIsNot() throws Exception {
        log.add("vm-1", List.of(V4, V6));
        log.add("vm-2", List.of(SAME_ELSEWHERE));
        log.accept(event(V4, 1));
        log.accept(event(V6, 2));
        log.accept(event(SAME_ELSEWHERE, 3));
        assertThat(reader("vm-1").next(Duration.ZERO).flows())
                .extracting(Flow::vmPort)
                .containsExactly(1, 2);
        assertThat(reader("vm-2").next(Duration.ZERO).flows())
                .extracting(Flow::vmPort)
                .containsExactly(3);
    }

    @Test
    void aReaderHearsWhatHappensAfterItBegan() throws Exception {
        log.add("vm-1", List.of(V4));
        log.accept(event(V4, 1));
        FlowReader reader = reader("vm-1");
        assertThat(reader.next(Duration.ZERO).flows()).hasSize(1);
        CompletableFuture<FlowReader.Flows> next = new CompletableFuture<>();
        Thread waiting = Thread.ofVirtual().start(() -> {
            try {
                next.complete(reader.next(Duration.ofSeconds(30)));
            } catch (InterruptedException e) {
                next.completeExceptionally(e);
            }
        });
        log.accept(event(V4, 2));
        assertThat(next.get(20, TimeUnit.SECONDS).flows())
                .extracting(Flow::vmPort)
                .containsExactly(2);
        waiting.join();
    }

    @Test
    void whoReadsTooSlowlyIsToldOfAGapAndGetsTheNewest() throws Exception {
        log.add("vm-1", List.of(V4));
        FlowReader reader = reader("vm-1");
        for (int i = 0; i < FlowRing.KEPT_MAX + 10; i++) {
            log.accept(event(V4, i));
        }
        FlowReader.Flows flows = reader.next(Duration.ZERO);
        assertThat(flows.gap()).isTrue();
        assertThat(flows.flows()).hasSize(FlowRing.KEPT_MAX);
        assertThat(flows.flows().getLast().vmPort()).isEqualTo(FlowRing.KEPT_MAX + 9);
        assertThat(reader.next(Duration.ZERO).gap()).isFalse();
        assertThat(reader("vm-1").next(Duration.ZERO).gap())
                .as("a new reader missed nothing")
                .isFalse();
    }

    @Test
    void aVmThatLeftEndsItsReadersAfterTheLastEventAndIsForgotten() throws Exception {
        log.add("vm-1", List.of(V4));
        FlowReader reader = reader("vm-1");
        log.accept(event(V4, 1));
        log.remove("vm-1");
        log.accept(event(V4, 2));
        FlowReader.Flows last = reader.next(Duration.ofSeconds(30));
        assertThat(last.flows()).extracting(Flow::vmPort).containsExactly(1);
        assertThat(last.gone()).isTrue();
        assertThat(log.reader("vm-1")).isEmpty();
        log.accept(event(V6, 3)); // of nobody: let go
    }
}
