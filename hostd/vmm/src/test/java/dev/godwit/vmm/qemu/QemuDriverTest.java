package dev.godwit.vmm.qemu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.godwit.vmm.Accelerator;
import dev.godwit.vmm.Vmm;
import dev.godwit.vmm.Vmm.Status;
import dev.godwit.vmm.VmmDriver.Probe;
import dev.godwit.vmm.VmmSpec;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** With real QEMU. */
class QemuDriverTest {
    private static final Logger LOG = LoggerFactory.getLogger(QemuDriverTest.class);
    private static final Duration SOON = TestHost.SOON;
    private static final Duration GRACE = TestHost.GRACE;

    @Test
    void theProbeSaysWhatRunsGuestsHereAndWhy() throws Exception {
        try (TestHost host = new TestHost()) {
            Probe probe = host.driver.probe(true);
            LOG.info("probe: {}", probe);
            assertThat(probe.vmmVersion()).startsWith("QEMU ");
            assertThat(probe.machineType()).startsWith("pc-i440fx-");
            Probe without = host.driver.probe(false);
            if (probe.accelerator() == Accelerator.KVM) {
                assertThat(probe.reason()).isEmpty();
                assertThat(without).isEqualTo(probe);
            } else {
                assertThat(probe.accelerator()).isEqualTo(Accelerator.TCG);
                assertThat(probe.reason()).startsWith("emulation, since ").contains("/dev/kvm");
                assertThat(without.accelerator()).isNull();
                assertThat(new QemuDriver(host.settings).probe(false).reason()).contains("set allow-emulation: true");
            }
            assertThat(host.directory.resolve("scratch")).isEmptyDirectory();
        }
    }

    @Test
    void aGuestRunsAsItsOwnUserInItsOwnGroupAndSessionAndLeavesNothing() throws Exception {
        try (TestHost host = new TestHost()) {
            VmmSpec spec = host.spec(1, false);
            Vmm vmm = host.startCounting(1);
            String status = Files.readString(Path.of("/proc", Long.toString(vmm.pid()), "status"));
            String uid = Integer.toString(spec.uid());
            assertThat(status)
                    .contains("Uid:\t" + uid + "\t" + uid + "\t" + uid + "\t" + uid)
                    .contains("Gid:\t" + uid)
                    .contains("CapEff:\t0000000000000000")
                    .contains("NoNewPrivs:\t1")
                    .contains("Seccomp:\t2");
            assertThat(status.lines()
                            .filter(line -> line.startsWith("Groups:"))
                            .findFirst()
                            .orElseThrow()
                            .strip())
                    .isEqualTo("Groups:");
            String stat = Files.readString(Path.of("/proc", Long.toString(vmm.pid()), "stat"));
            String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
            assertThat(fields[2]).as("process group").isEqualTo(Long.toString(vmm.pid()));
            assertThat(fields[3]).as("session").isEqualTo(Long.toString(vmm.pid()));
            var group = host.settings.cgroups().open(spec.cgroup());
            assertThat(group.directories())
                    .allSatisfy(path -> assertThat(Files.readAllLines(path.resolve("cgroup.procs")))
                            .containsExactly(Long.toString(vmm.pid())));
            assertThat(group.memoryBytes()).isBetween(8L << 20, (96L + 512) << 20);
            assertThat(vmm.status()).isEqualTo(Status.RUNNING);
            assertThat(vmm.memory().tracking()).isEqualTo("uffd-wp-async");
            assertThat(vmm.guestSocket()).exists();
            vmm.end(GRACE);
            assertThat(vmm.exited()).isDone();
            host.assertNothingLeft(spec);
        }
    }

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
    void aVmThatDoesNotHandItsRamOverIsRefusedAndNothingIsLeft() throws Exception {
        try (TestHost host = new TestHost()) {
            QemuSettings without = new QemuSettings(
                    host.settings.qemu(),
                    host.settings.launcher(),
                    Path.of("/nonexistent/libgodwit-ram-handover.so"),
                    host.settings.scratch(),
                    host.settings.cgroups(),
                    Duration.ofSeconds(2));
            VmmSpec spec = host.spec(1, false);
            assertThatThrownBy(() -> new QemuDriver(without).start(spec))
                    .hasMessageContaining("VM vm1 was not started")
                    .hasMessageContaining("did not hand the RAM")
                    .hasMessageContaining("2000 ms");
            host.assertNothingLeft(spec);
        }
    }

    @Test
    void aVmWhoseQemuRefusesItsOptionsIsRefusedWithQemusWords() throws Exception {
        try (TestHost host = new TestHost()) {
            VmmSpec spec = with(host.spec(1, false), host.directory.resolve("no-such-disk.sock"));
            assertThatThrownBy(() -> host.driver.start(spec))
                    .hasMessageContaining("VM vm1 was not started")
                    .hasMessageContaining("QEMU said: ")
                    .hasMessageContaining("no-such-disk.sock");
            host.assertNothingLeft(spec);
        }
    }

    @Test
    void aHostWhereNoGuestEndsSaysSoAndLeavesNoProcess() throws Exception {
        try (TestHost host = new TestHost()) {
            Path hanging = host.directory.resolve("qemu");
            Files.writeString(hanging, """
                    #!/bin/sh
                    case "$*" in -version|"-machine help") exec %s "$@" ;; esac
                    exec sleep 77
                    """.formatted(host.settings.qemu()));
            Files.setPosixFilePermissions(hanging, PosixFilePermissions.fromString("rwxr-xr-x"));
            Probe probe = new QemuDriver(withQemu(host.settings, hanging)).probe(true);
            assertThat(probe.accelerator()).isNull();
            assertThat(probe.reason()).contains("a tiny guest under emulation did not end within 5 s");
            assertThat(ProcessHandle.allProcesses()
                            .map(process -> process.info().commandLine().orElse("")))
                    .noneMatch(command -> command.contains("sleep 77"));
            assertThat(host.directory.resolve("scratch")).isEmptyDirectory();
        }
    }

    private static QemuSettings withQemu(QemuSettings settings, Path qemu) {
        return new QemuSettings(
                qemu,
                settings.launcher(),
                settings.preload(),
                settings.scratch(),
                settings.cgroups(),
                settings.handOverTimeout());
    }

    @Test
    void missingCpuFlagsAreNamed() {
        assertThat(QemuProbe.why("""
                        qemu: warning: host doesn't support requested feature: CPUID.01H:ECX.sse4.2 [bit 20]
                        qemu: warning: host doesn't support requested feature: CPUID.80000001H:EDX.rdtscp [bit 27]
                        qemu: Host doesn't support requested features
                        """)).isEqualTo("the CPU lacks sse4.2, rdtscp of CPU template x86-64-v2-godwit1");
        assertThat(QemuProbe.why("x".repeat(1000))).hasSize(403);
    }

    @Test
    void ramOfAnEarlierVmIsNotSeenByANewOne() throws Exception {
        try (TestHost host = new TestHost()) {
            VmmSpec spec = host.spec(1, false);
            byte[] old = new byte[spec.memoryMib() << 20];
            java.util.Arrays.fill(old, (byte) 7);
            Files.write(spec.ramFile(), old);
            Vmm vmm = host.startCounting(1);
            vmm.pause();
            byte[] now = Files.readAllBytes(spec.ramFile());
            assertThat(now).hasSameSizeAs(old);
            assertThat(now[now.length / 2]).isZero();
        }
    }

    @Test
    void aVmOutlivesTheHostdThatStartedIt() throws Exception {
        try (TestHost host = new TestHost()) {
            Process hostd = new ProcessBuilder(
                            Path.of(System.getProperty("java.home"), "bin/java").toString(),
                            "--enable-native-access=ALL-UNNAMED",
                            "-XX:+UseSerialGC",
                            "-cp",
                            System.getProperty("java.class.path"),
                            StartAndWait.class.getName(),
                            System.getProperty("godwit.root"),
                            host.directory.toString(),
                            host.ram.toString())
                    .redirectErrorStream(true)
                    .redirectOutput(host.directory.resolve("hostd.log").toFile())
                    .start();
            Path pidFile = host.spec(1, false).runDirectory().resolve("vmm.pid");
            Awaitility.await()
                    .atMost(Duration.ofSeconds(60))
                    .until(() -> Files.readString(host.directory.resolve("hostd.log"))
                            .contains("STARTED"));
            hostd.destroyForcibly().waitFor();
            Vmm vmm = host.driver.adopt(host.spec(1, false));
            host.started.add(vmm);
            assertThat(Files.readString(pidFile)).startsWith(vmm.pid() + " ");
            assertThat(ProcessHandle.of(vmm.pid())
                            .flatMap(ProcessHandle::parent)
                            .map(ProcessHandle::pid))
                    .isNotEqualTo(java.util.Optional.of(hostd.pid()));
            TestHost.awaitCounting(vmm);
            ProcessHandle.of(vmm.pid()).orElseThrow().destroyForcibly();
            vmm.exited().get(1, TimeUnit.SECONDS);
            vmm.end(GRACE);
            host.assertNothingLeft(host.spec(1, false));
        }
    }

    private static VmmSpec with(VmmSpec spec, Path nbd) {
        return new VmmSpec(
                spec.vmId(),
                spec.vcpus(),
                spec.memoryMib(),
                spec.accelerator(),
                spec.cpuTemplate(),
                spec.runDirectory(),
                spec.ramFile(),
                spec.kernel(),
                spec.initrd(),
                spec.kernelArguments(),
                nbd,
                spec.nbdExport(),
                spec.tap(),
                spec.uid(),
                spec.cgroup(),
                spec.incoming());
    }

    @Test
    void aVmIsNotStartedTwice() throws Exception {
        try (TestHost host = new TestHost()) {
            Vmm vmm = host.startCounting(1);
            assertThatThrownBy(() -> host.driver.start(host.spec(1, false)))
                    .hasMessageContaining("runs already as process " + vmm.pid());
            assertThat(vmm.status()).isEqualTo(Status.RUNNING);
        }
    }

    @Test
    void theDeathOfQemuIsNoticedWithinASecond() throws Exception {
        try (TestHost host = new TestHost()) {
            Vmm vmm = host.startCounting(1);
            CompletableFuture<Void> exited = vmm.exited();
            ProcessHandle.of(vmm.pid()).orElseThrow().destroyForcibly();
            exited.get(1, TimeUnit.SECONDS);
            assertThatThrownBy(vmm::status).isInstanceOf(IOException.class);
            vmm.end(GRACE);
            host.assertNothingLeft(host.spec(1, false));
        }
    }

    @Test
    void aFreshDriverTakesARunningGuestOver() throws Exception {
        try (TestHost host = new TestHost()) {
            Vmm first = host.startCounting(1);
            long pid = first.pid();
            String cpu = first.cpuFeatures();
            first.close();
            Vmm second = new QemuDriver(host.settings).adopt(host.spec(1, false));
            host.started.set(0, second);
            assertThat(second.pid()).isEqualTo(pid);
            assertThat(second.status()).isEqualTo(Status.RUNNING);
            assertThat(second.cpuFeatures()).isEqualTo(cpu);
            TestHost.awaitCounting(second);
            second.pause();
            second.close();
            Vmm third = new QemuDriver(host.settings).adopt(host.spec(1, false));
            host.started.set(0, third);
            assertThat(third.status()).isEqualTo(Status.PAUSED);
            third.resume();
            var sink = third.memory().dirtySets().open("test");
            third.memory().scan();
            TestHost.awaitCounting(third);
            third.memory().scan();
            assertThat(sink.dirtyCount()).isPositive();
            assertThat(third.exited()).isNotDone();
            ProcessHandle.of(pid).orElseThrow().destroyForcibly();
            third.exited().get(1, TimeUnit.SECONDS);
        }
    }

    @Test
    void aProcessThatIsNotTheVmsIsNotTakenOver() throws Exception {
        try (TestHost host = new TestHost()) {
            Vmm vmm = host.startCounting(1);
            Path pidFile = host.spec(1, false).runDirectory().resolve("vmm.pid");
            String good = Files.readString(pidFile);
            long own = ProcessHandle.current().pid();
            for (String bad : List.of("", "x y", own + " 1", vmm.pid() + " 12", "1 0", "999999999 1")) {
                Files.writeString(pidFile, bad);
                assertThatThrownBy(() -> host.driver.adopt(host.spec(1, false)))
                        .as("pid file '%s'", bad)
                        .isInstanceOf(IOException.class)
                        .hasMessageContaining("VM vm1 can't be taken over");
            }
            String stat = Files.readString(Path.of("/proc/self/stat"));
            Files.writeString(
                    pidFile,
                    own + " " + stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1)[19]);
            assertThatThrownBy(() -> host.driver.adopt(host.spec(1, false)))
                    .hasMessageContaining("is not QEMU of this VM");
            Files.writeString(pidFile, good);
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

    /** Listens for a guest's device state, as hostd does. */
    private static final class StateReader implements AutoCloseable {
        private final Path socket;
        private final ServerSocketChannel server;
        private final CompletableFuture<Long> bytes = new CompletableFuture<>();
        private final CompletableFuture<Void> release = new CompletableFuture<>();

        private StateReader(Path socket, boolean read, boolean stall) throws IOException {
            this.socket = socket;
            this.server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
            server.bind(UnixDomainSocketAddress.of(socket));
            Thread.ofPlatform().daemon().start(() -> {
                long sum = 0;
                try (SocketChannel client = server.accept()) {
                    if (stall) {
                        release.get(60, TimeUnit.SECONDS);
                    }
                    ByteBuffer buffer = ByteBuffer.allocate(1 << 20);
                    while (read && client.read(buffer.clear()) >= 0) {
                        sum += buffer.position();
                    }
                    bytes.complete(sum);
                } catch (Exception failed) {
                    bytes.completeExceptionally(failed);
                }
            });
        }

        static StateReader reading(Path socket) throws IOException {
            return new StateReader(socket, true, false);
        }

        static StateReader goingAway(Path socket) throws IOException {
            return new StateReader(socket, false, false);
        }

        static StateReader stalling(Path socket) throws IOException {
            return new StateReader(socket, false, true);
        }

        long bytes() throws Exception {
            release.complete(null);
            return bytes.get(20, TimeUnit.SECONDS);
        }

        @Override
        public void close() throws IOException {
            release.complete(null);
            server.close();
            Files.deleteIfExists(socket);
        }
    }
}
