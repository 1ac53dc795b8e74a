package dev.godwit.vmm.qemu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.godwit.vmm.Vmm;
import dev.godwit.vmm.Vmm.Status;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;

/** Real QEMU and the hostds that come and go. */
class QemuAdoptionTest {
    private static final Duration GRACE = TestHost.GRACE;

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
}
