package dev.godwit.vmm.qemu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.godwit.vmm.Vmm;
import dev.godwit.vmm.Vmm.Status;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;

/** Real QEMU that pauses, saves, loads and resumes. */
class QemuStateTest {
    private static final Duration SOON = TestHost.SOON;

    @Test
    void aPausedGuestStandsStillAndGoesOnWhereItWas() throws Exception {
        try (TestHost host = new TestHost()) {
            Vmm vmm = host.startCounting(1);
            List<String> events = new CopyOnWriteArrayList<>();
            vmm.onEvent(event -> events.add(event.name()));
            vmm.pause();
            assertThat(vmm.status()).isEqualTo(Status.PAUSED);
            long counted = CountingGuest.counter(vmm.memory());
            vmm.memory().scan();
            var sink = vmm.memory().dirtySets().open("test");
            assertThatThrownBy(() -> Awaitility.await()
                            .atMost(Duration.ofMillis(200))
                            .until(() -> CountingGuest.counter(vmm.memory()) != counted))
                    .isInstanceOf(org.awaitility.core.ConditionTimeoutException.class);
            vmm.memory().scan();
            assertThat(sink.dirtyCount()).isZero();
            vmm.resume();
            assertThat(vmm.status()).isEqualTo(Status.RUNNING);
            TestHost.awaitCounting(vmm);
            vmm.memory().scan();
            assertThat(sink.dirtyCount()).isPositive();
            assertThat(CountingGuest.counter(vmm.memory())).isGreaterThan(counted);
            Awaitility.await().atMost(SOON).until(() -> events.containsAll(List.of("STOP", "RESUME")));
        }
    }

    @Test
    void twentyStateSavesInARowDoNotDisturbTheGuest() throws Exception {
        try (TestHost host = new TestHost()) {
            Vmm vmm = host.startCounting(1);
            Path socket = vmm.guestSocket().resolveSibling("save.sock");
            for (int i = 0; i < 20; i++) {
                long before = CountingGuest.counter(vmm.memory());
                vmm.pause();
                try (StateReader reader = StateReader.reading(socket)) {
                    vmm.saveState(socket, SOON);
                    assertThat(vmm.status()).isEqualTo(Status.SAVED);
                    assertThat(reader.bytes()).isGreaterThan(100_000);
                }
                vmm.resume();
                assertThat(vmm.status()).isEqualTo(Status.RUNNING);
                Awaitility.await()
                        .pollInterval(Duration.ofMillis(5))
                        .atMost(SOON)
                        .until(() -> CountingGuest.counter(vmm.memory()) > before);
            }
            assertThat(CountingGuest.errors(vmm.memory())).isZero();
            assertThat(Files.readString(vmm.consoleLog())).isEqualTo("C");
        }
    }

    @Test
    void aGuestRunsOnWhenTheReaderOfItsStateGoesAwayOrStalls() throws Exception {
        try (TestHost host = new TestHost()) {
            Vmm vmm = host.startCounting(1);
            Path socket = vmm.guestSocket().resolveSibling("save.sock");
            vmm.pause();
            assertThatThrownBy(() -> vmm.saveState(host.directory.resolve("nobody.sock"), SOON))
                    .isInstanceOf(IOException.class);
            try (StateReader gone = StateReader.goingAway(socket)) {
                assertThatThrownBy(() -> vmm.saveState(socket, SOON)).hasMessageContaining("saving the device state");
                assertThat(gone.bytes()).isZero();
            }
            // QEMU calls a guest SAVED when a save failed at its end, too.
            assertThat(vmm.status()).isIn(Status.PAUSED, Status.SAVED);
            vmm.resume();
            vmm.pause();
            try (StateReader stalled = StateReader.stalling(socket)) {
                assertThatThrownBy(() -> vmm.saveState(socket, Duration.ofMillis(300)))
                        .hasMessageContaining("was given up");
                assertThat(stalled.bytes()).isZero();
            }
            assertThat(vmm.status()).isIn(Status.PAUSED, Status.SAVED);
            vmm.resume();
            TestHost.awaitCounting(vmm);
            vmm.pause();
            try (StateReader reader = StateReader.reading(socket)) {
                vmm.saveState(socket, SOON);
                assertThat(reader.bytes()).isGreaterThan(100_000);
            }
            vmm.resume();
            TestHost.awaitCounting(vmm);
        }
    }

    @Test
    void aGuestWhoseStateIsNotLoadedIsNotLetRun() throws Exception {
        try (TestHost host = new TestHost()) {
            Vmm vmm = host.start(host.spec(1, true));
            assertThat(vmm.status()).isEqualTo(Status.INCOMING);
            Path socket = vmm.guestSocket().resolveSibling("state.sock");
            vmm.acceptState(socket);
            assertThat(socket).exists();
            assertThatThrownBy(vmm::resume).hasMessageContaining("device state is not loaded");
            assertThatThrownBy(() -> vmm.awaitLoaded(Duration.ofMillis(50)))
                    .hasMessageContaining("no complete device state of VM vm1 arrived within 50 ms");
        }
    }

    @Test
    void garbageInsteadOfDeviceStateEndsTheTargetWithAReason() throws Exception {
        try (TestHost host = new TestHost()) {
            Vmm vmm = host.start(host.spec(1, true));
            Path socket = vmm.guestSocket().resolveSibling("state.sock");
            vmm.acceptState(socket);
            try (SocketChannel sender = SocketChannel.open(UnixDomainSocketAddress.of(socket))) {
                sender.write(ByteBuffer.wrap(new byte[4096]));
            }
            assertThatThrownBy(() -> vmm.awaitLoaded(SOON))
                    .hasMessageContaining("the device state was refused and QEMU of VM vm1 ended")
                    .hasMessageContaining("Not a migration stream");
            vmm.exited().get(5, TimeUnit.SECONDS);
        }
    }

    @Test
    void aDiskThatDoesNotAnswerMakesThePauseFailAndNotHang() throws Exception {
        try (TestHost host = new TestHost()) {
            Vmm vmm = host.startCounting(1);
            host.pauseDisk();
            assertThatThrownBy(vmm::pause)
                    .hasMessageContaining("pausing VM vm1 was given up")
                    .hasMessageContaining("QEMU lives and waits for its disk");
            host.continueDisk();
            vmm.resume();
            TestHost.awaitCounting(vmm);
        }
    }

    @Test
    void aGuestWithAHangingDiskCanBeEnded() throws Exception {
        try (TestHost host = new TestHost()) {
            Vmm vmm = host.startCounting(1);
            host.pauseDisk();
            vmm.end(Duration.ofMillis(500));
            host.assertNothingLeft(host.spec(1, false));
        }
    }
}
