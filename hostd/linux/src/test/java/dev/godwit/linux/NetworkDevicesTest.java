package dev.godwit.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Taps, packet sockets and netlink in a network namespace of the test's own. Needs root. */
class NetworkDevicesTest {
    private static final Duration LONG = Duration.ofSeconds(10);

    private final ExecutorService inside = Executors.newSingleThreadExecutor();
    private final Arena arena = Arena.ofShared();
    private final MemorySegment room = arena.allocate(PacketSocket.FRAME_BYTES_MAX);

    @BeforeEach
    void enterANamespace() throws Exception {
        in(() -> {
            NetworkNamespace.enterNew();
            run("ip", "tuntap", "add", "dev", "t0", "mode", "tap", "vnet_hdr");
            run("ip", "link", "set", "dev", "t0", "addrgenmode", "none", "txqueuelen", "3", "mtu", "1370", "up");
            return true;
        });
    }

    @AfterEach
    void leaveIt() {
        inside.shutdownNow();
        arena.close();
    }

    @Test
    void aDeviceIsDescribedAndOneThatIsNotThereIsNone() throws Exception {
        in(() -> {
            try (Links links = Links.open()) {
                Link tap = links.find("t0").orElseThrow();
                assertThat(tap.name()).isEqualTo("t0");
                assertThat(tap.mtu()).isEqualTo(1370);
                assertThat(tap.queueFrames()).isEqualTo(3);
                assertThat(tap.up()).isTrue();
                assertThat(links.find(tap.index())).hasValue(tap);
                assertThat(links.find("t1")).isEmpty();
                assertThat(links.find(tap.index() + 1)).isEmpty();
                assertThat(links.find("lo").orElseThrow().index()).isEqualTo(1);
                assertThatThrownBy(() -> links.find("sixteen-letters-")).hasMessageContaining("sixteen-letters-");
            }
            return true;
        });
    }

    @Test
    void aTapIsActiveOnlyWhileSomebodyHoldsIt() throws Exception {
        in(() -> {
            try (Links links = Links.open()) {
                assertThat(links.find("t0").orElseThrow().isActive()).isFalse();
                try (Tap _ = Tap.open("t0")) {
                    awaitActive(links);
                    assertThatThrownBy(() -> Tap.open("t0")).hasMessage("attach to the tap t0: EBUSY");
                }
            }
            return true;
        });
    }

    @Test
    void aFrameThatIsInjectedIsReadAtTheOtherEndAndAFullQueueIsCounted() throws Exception {
        in(() -> {
            try (Links links = Links.open();
                    Tap tap = Tap.open("t0");
                    PacketSocket injector =
                            PacketSocket.toInject(awaitActive(links).index(), false)) {
                for (byte i = 1; i <= 5; i++) {
                    injector.inject(frame(PacketSocket.HEADER_BYTES, i));
                }

                assertThat(tap.hasFrames(LONG)).isTrue();
                for (byte i = 1; i <= 3; i++) {
                    assertThat(tap.read(room)).isEqualTo(tap.headerBytes() + 60);
                    assertThat(room.get(ValueLayout.JAVA_BYTE, tap.headerBytes() + 20L))
                            .isEqualTo(i);
                }
                assertThat(tap.read(room)).isEqualTo(-1);
                assertThat(tap.hasFrames(Duration.ZERO)).isFalse();
                assertThat(links.find("t0").orElseThrow().droppedSending()).isEqualTo(2);
                assertThat(links.find("t0").orElseThrow().sent()).isEqualTo(3);
            }
            return true;
        });
    }

    @Test
    void aDuplicateOfAnotherHoldersEndSeesTheSameQueueAndSetsItsHeader() throws Exception {
        in(() -> {
            try (Links links = Links.open();
                    Tap holder = Tap.open("t0");
                    Pidfd self = Pidfd.open(ProcessHandle.current().pid());
                    Tap duplicate = Tap.takeFrom(self, "t0");
                    PacketSocket injector =
                            PacketSocket.toInject(awaitActive(links).index(), false)) {
                duplicate.setHeaderBytes(12);
                injector.inject(frame(PacketSocket.HEADER_BYTES, (byte) 9));

                assertThat(holder.headerBytes()).isEqualTo(12);
                assertThat(duplicate.hasFrames(LONG)).isTrue();
                assertThat(holder.read(room)).isEqualTo(72);
                assertThat(duplicate.hasFrames(Duration.ZERO)).isFalse();
                assertThatThrownBy(() -> duplicate.setHeaderBytes(11)).hasMessageContaining("not 11");
                assertThatThrownBy(() -> Tap.takeFrom(self, "t1"))
                        .hasMessage("process " + self.pid() + " holds no descriptor of the tap t1");
            }
            return true;
        });
    }

    @Test
    void aCaptureSeesBothDirectionsWithTheirTime() throws Exception {
        in(() -> {
            try (Links links = Links.open();
                    Tap tap = Tap.open("t0");
                    PacketSocket capture =
                            PacketSocket.toCapture(awaitActive(links).index());
                    PacketSocket injector =
                            PacketSocket.toInject(links.find("t0").orElseThrow().index(), false)) {
                Instant before = Instant.now().minusSeconds(1);
                injector.inject(frame(PacketSocket.HEADER_BYTES, (byte) 1));
                tap.write(frame(tap.headerBytes(), (byte) 2));

                for (byte i = 1; i <= 2; i++) {
                    assertThat(capture.awaitFrame(LONG)).isTrue();
                    assertThat(capture.receive(room)).isEqualTo(60);
                    assertThat(room.get(ValueLayout.JAVA_BYTE, 20)).isEqualTo(i);
                    assertThat(capture.receivedAt())
                            .isBetween(before, Instant.now().plusSeconds(1));
                }
                assertThat(capture.receive(room)).isEqualTo(-1);
            }
            return true;
        });
    }

    @Test
    void aVirtualThreadCantGoIntoANamespace() throws Exception {
        assertThatThrownBy(() -> inVirtualThread(() -> {
                    NetworkNamespace.enterNew();
                    return true;
                }))
                .hasMessageContaining("only a platform thread");
        in(() -> {
            assertThatThrownBy(() -> NetworkNamespace.enter(Path.of("/dev/null")))
                    .hasMessageContaining("EINVAL");
            return true;
        });
    }

    private static Link awaitActive(Links links) throws IOException {
        long deadline = System.nanoTime() + LONG.toNanos();
        while (System.nanoTime() < deadline) {
            Link tap = links.find("t0").orElseThrow();
            if (tap.isActive()) {
                return tap;
            }
            Thread.onSpinWait();
        }
        throw new AssertionError("t0 is not active after " + LONG);
    }

    /** An Ethernet frame of 60 bytes, of a type that no program reads, with a number in it, behind an empty header. */
    private MemorySegment frame(int headerBytes, byte number) {
        MemorySegment frame = arena.allocate(headerBytes + 60L);
        frame.asSlice(headerBytes, 6).fill((byte) 0xff);
        frame.set(ValueLayout.JAVA_BYTE, headerBytes + 6L, (byte) 2);
        frame.set(ValueLayout.JAVA_BYTE, headerBytes + 12L, (byte) 0x88);
        frame.set(ValueLayout.JAVA_BYTE, headerBytes + 13L, (byte) 0xb5);
        frame.set(ValueLayout.JAVA_BYTE, headerBytes + 20L, number);
        return frame;
    }

    private void in(Callable<Boolean> work) throws Exception {
        assertThat(inside.submit(work).get()).isTrue();
    }

    private static void inVirtualThread(Callable<Boolean> work) throws Throwable {
        try (ExecutorService virtual = Executors.newVirtualThreadPerTaskExecutor()) {
            virtual.submit(work).get();
        } catch (ExecutionException failed) {
            throw failed.getCause();
        }
    }

    private static void run(String... command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(output).isZero();
    }
}
