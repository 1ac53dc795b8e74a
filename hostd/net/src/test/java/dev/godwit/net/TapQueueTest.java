package dev.godwit.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.godwit.linux.Links;
import dev.godwit.linux.PacketSocket;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The queue of a real tap between a packet socket and a process that reads as QEMU does; no programs. */
class TapQueueTest {
    private static final Duration LONG = Duration.ofSeconds(10);
    private static final int TEST_TYPE = 0x88b6;

    private TestNamespace machine;
    private ShuttleVm vm;
    private Links links;
    private PacketSocket guestSees;

    @BeforeEach
    void start() throws Exception {
        machine = TestNamespace.create("host");
        vm = ShuttleVm.create(1);
        machine.in(() -> {
            TapDevice.create(vm.port());
            return true;
        });
        links = machine.in(Links::open);
        guestSees = vm.guest().in(() -> {
            try (Links guestLinks = Links.open()) {
                return PacketSocket.toCapture(
                        guestLinks.find("eth0").orElseThrow().index());
            }
        });
    }

    @AfterEach
    void stop() {
        guestSees.close();
        links.close();
        vm.close();
        machine.close();
    }

    private FrameInjector injector() {
        return machine.in(() ->
                FrameInjector.into(links.find(vm.port().tapName()).orElseThrow().index()));
    }

    private TapQueue queue(ShuttleVm.Vmm vmm) throws IOException {
        return TapQueue.of(vmm.process(), vm.port().tapName(), links);
    }

    /** Numbered frames of a type that only this test looks at. */
    private HeldFrames frames(int first, int count) {
        List<byte[]> frames = new ArrayList<>();
        for (int i = first; i < first + count; i++) {
            byte[] frame = new byte[HeldFrames.HEADER_BYTES + 60];
            System.arraycopy(vm.mac().octets(), 0, frame, HeldFrames.HEADER_BYTES, MacAddress.BYTES);
            System.arraycopy(
                    Gateway.MAC.octets(), 0, frame, HeldFrames.HEADER_BYTES + MacAddress.BYTES, MacAddress.BYTES);
            frame[HeldFrames.HEADER_BYTES + 12] = (byte) (TEST_TYPE >> 8);
            frame[HeldFrames.HEADER_BYTES + 13] = (byte) TEST_TYPE;
            frame[HeldFrames.HEADER_BYTES + 14] = (byte) i;
            frames.add(frame);
        }
        return new HeldFrames(frames);
    }

    /** The numbers of the test's frames that the guest gets, until {@code last} comes. */
    private List<Integer> guestGets(int last) throws IOException {
        List<Integer> numbers = new ArrayList<>();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment room = arena.allocate(2000);
            while (numbers.isEmpty() || numbers.getLast() != last) {
                assertThat(guestSees.awaitFrame(LONG)).as("after %s", numbers).isTrue();
                guestSees.receive(room);
                if (room.get(ValueLayout.JAVA_BYTE, 12) == (byte) (TEST_TYPE >> 8)
                        && room.get(ValueLayout.JAVA_BYTE, 13) == (byte) TEST_TYPE) {
                    numbers.add((int) room.get(ValueLayout.JAVA_BYTE, 14));
                }
            }
        }
        return numbers;
    }

    @Test
    void everythingThatIsSentToAnArmedTapReachesTheGuestInOrder() throws Exception {
        try (ShuttleVm.Vmm vmm = vm.startVmm(machine);
                FrameInjector injector = injector();
                TapQueue queue = queue(vmm)) {
            queue.holdForArrival(injector);
            injector.inject(frames(1, 5));
            vmm.run();
            injector.inject(frames(6, 1));

            assertThat(guestGets(6)).containsExactly(1, 2, 3, 4, 5, 6);
        }
    }

    @Test
    void aWaitingVmmThatIsNotArmedLosesTheFirst() throws Exception {
        try (ShuttleVm.Vmm vmm = vm.startVmm(machine);
                FrameInjector injector = injector();
                TapQueue queue = queue(vmm)) {
            while (!links.find(vm.port().tapName()).orElseThrow().isActive()) {
                Thread.onSpinWait();
            }
            injector.inject(frames(1, 1));
            while (!queue.takeAll().equals(HeldFrames.none())
                    || links.find(vm.port().tapName()).orElseThrow().sent() == 0) {
                Thread.onSpinWait();
            }
            injector.inject(frames(2, 3));
            vmm.run();

            assertThat(guestGets(4)).doesNotContain(1);
        }
    }

    @Test
    void whatWaitsAtATargetIsGivenBackWithoutTheDummy() throws Exception {
        try (ShuttleVm.Vmm vmm = vm.startVmm(machine);
                FrameInjector injector = injector();
                TapQueue queue = queue(vmm)) {
            queue.holdForArrival(injector);
            injector.inject(TapQueue.dummy());
            injector.inject(frames(1, 3));

            HeldFrames held = queue.takeAll();

            assertThat(held.frames()).containsExactlyElementsOf(frames(1, 3).frames());
            assertThat(queue.takeAll().count()).isZero();
            injector.inject(held);
            vmm.run();
            assertThat(guestGets(3)).containsExactly(1, 2, 3);
        }
    }

    @Test
    void aQueueIsDrainedByAGuestThatRunsAndNotByOneThatIsBusy() throws Exception {
        try (ShuttleVm.Vmm vmm = vm.startVmm(machine);
                FrameInjector injector = injector();
                TapQueue queue = queue(vmm)) {
            queue.holdForArrival(injector);
            vmm.run();
            injector.inject(frames(1, 20));
            assertThat(queue.drained(LONG)).isTrue();
            assertThat(guestGets(20)).hasSize(20);

            vmm.busy();
            injector.inject(frames(21, 5));
            assertThat(queue.drained(Duration.ofMillis(20))).isFalse();
            HeldFrames leftovers = queue.takeLeftovers();
            assertThat(leftovers.count()).isEqualTo(5);
            assertThat(Files.readString(
                            Path.of("/proc", Long.toString(vmm.process().pid()), "stat")))
                    .doesNotContain(") T ");
            assertThat(queue.drained(Duration.ZERO)).isFalse();
            assertThat(queue.drained(Duration.ofMillis(20))).isTrue();

            injector.inject(leftovers);
            vmm.run();
            assertThat(guestGets(25)).containsExactly(21, 22, 23, 24, 25);
        }
    }

    @Test
    void aRateLimitDelaysAndALiftedOneLetsGo() throws Exception {
        try (ShuttleVm.Vmm vmm = vm.startVmm(machine);
                FrameInjector injector = injector();
                TapQueue queue = queue(vmm)) {
            queue.holdForArrival(injector);
            machine.in(() -> {
                TapDevice.limit(vm.port().tapName(), Optional.of(new RateLimit(100_000)));
                return true;
            });
            HeldFrames many = HeldFrames.none();
            for (int i = 0; i < 10; i++) {
                many = many.then(frames(0, 100));
            }
            injector.inject(many);
            // 16 KiB may pass at once; the other two thirds wait for seconds.
            assertThat(queue.takeAll().count()).isBetween(100, 600);

            machine.in(() -> {
                TapDevice.limit(vm.port().tapName(), Optional.of(RateLimit.lifted()));
                return true;
            });
            injector.inject(TapQueue.dummy());
            int rest = 0;
            long deadline = System.nanoTime() + LONG.toNanos();
            while (rest < 400 && System.nanoTime() < deadline) {
                rest += queue.takeAll().count();
            }
            assertThat(rest).isGreaterThanOrEqualTo(400);
            assertThat(machine.run("tc", "-s", "qdisc", "show", "dev", vm.port().tapName()))
                    .contains("dropped 0,");
        }
    }

    @Test
    void aTapThatIsDownIsSaidNotToBeActive() throws Exception {
        try (ShuttleVm.Vmm vmm = vm.startVmm(machine);
                FrameInjector injector = injector();
                TapQueue queue = queue(vmm)) {
            machine.ip("link set " + vm.port().tapName() + " down");

            assertThatThrownBy(() -> queue.holdForArrival(injector))
                    .hasMessageContaining("the tap gwvm1 is not active after 5 s (up false");
        }
        try (ShuttleVm.Vmm vmm = vm.startVmm(machine)) {
            assertThatThrownBy(() -> TapQueue.of(vmm.process(), "gwvm2", links))
                    .hasMessageContaining("holds no descriptor of the tap gwvm2");
        }
    }
}
