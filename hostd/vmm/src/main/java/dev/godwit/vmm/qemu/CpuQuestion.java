package dev.godwit.vmm.qemu;

import dev.godwit.vmm.Accelerator;
import dev.godwit.vmm.CpuTemplate;
import dev.godwit.vmm.VmmLauncher;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;

/** Asks a VMM that never runs a guest what flags a guest of a CPU template would read on this host. */
final class CpuQuestion {
    /** It starts in 0.1 s; a machine that is short of CPU takes longer. */
    private static final Duration START_LIMIT = Duration.ofSeconds(15);

    private static final Duration LOOK_EVERY = Duration.ofMillis(5);

    private final QemuSettings settings;

    CpuQuestion(QemuSettings settings) {
        this.settings = settings;
    }

    /** One word a flag, sorted. */
    String ask(String machineType, CpuTemplate cpu, Accelerator accelerator) throws IOException {
        Files.createDirectories(settings.scratch());
        Path directory = Files.createTempDirectory(settings.scratch(), "cpu");
        try {
            Files.setAttribute(directory, "unix:uid", QemuProbe.PROBE_UID);
            return ask(machineType, cpu, accelerator, directory);
        } finally {
            try (var files = Files.walk(directory)) {
                for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                    Files.deleteIfExists(file);
                }
            }
        }
    }

    private String ask(String machineType, CpuTemplate cpu, Accelerator accelerator, Path directory)
            throws IOException {
        Path socket = directory.resolve("qmp");
        Path log = directory.resolve("log");
        List<String> command = new ArrayList<>(List.of(settings.qemu().toString(), "-nodefaults", "-no-user-config"));
        command.addAll(List.of("-display", "none", "-S", "-sandbox", QemuCommandLine.SANDBOX));
        command.addAll(List.of("-machine", machineType, "-m", "64M"));
        command.addAll(List.of("-accel", QemuCommandLine.accelerator(accelerator)));
        command.addAll(List.of("-cpu", QemuCommandLine.cpu(cpu)));
        command.addAll(List.of("-qmp", "unix:" + socket + ",server=on,wait=off"));
        Process process = new VmmLauncher(settings.launcher())
                .start(new VmmLauncher.Launch(
                        QemuProbe.PROBE_UID,
                        accelerator == Accelerator.KVM ? QemuProbe.kvmGroup(QemuProbe.KVM) : null,
                        List.of(),
                        null,
                        false,
                        Map.of(),
                        directory.resolve("pid"),
                        log,
                        command));
        try {
            long deadline = System.nanoTime() + START_LIMIT.toNanos();
            try (QmpConnection qmp = QmpConnection.openWhenListening(
                    socket, "cpu-question", false, START_LIMIT, () -> waitAMoment(process, deadline, log, cpu))) {
                return GuestCpu.features(qmp);
            }
        } finally {
            process.destroyForcibly();
        }
    }

    private static void waitAMoment(Process process, long deadline, Path log, CpuTemplate cpu) throws IOException {
        if (!process.isAlive() || System.nanoTime() > deadline) {
            throw new IOException("this host can't run CPU template \"" + cpu.name() + "\": "
                    + Files.readString(log, StandardCharsets.UTF_8).strip().replace('\n', ' '));
        }
        try {
            Thread.sleep(LOOK_EVERY);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while QEMU was asked for CPU template " + cpu.name(), e);
        }
    }
}
