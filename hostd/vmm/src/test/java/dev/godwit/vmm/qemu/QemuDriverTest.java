package dev.godwit.vmm.qemu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.godwit.vmm.Accelerator;
import dev.godwit.vmm.Vmm;
import dev.godwit.vmm.Vmm.Status;
import dev.godwit.vmm.VmmDriver.Probe;
import dev.godwit.vmm.VmmSpec;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What real QEMU is started with, and when it is not.  */
class QemuDriverTest {
    private static final Logger LOG = LoggerFactory.getLogger(QemuDriverTest.class);
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
}
