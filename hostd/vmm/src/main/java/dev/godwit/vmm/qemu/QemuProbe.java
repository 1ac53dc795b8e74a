package dev.godwit.vmm.qemu;

import dev.godwit.vmm.Accelerator;
import dev.godwit.vmm.CpuTemplate;
import dev.godwit.vmm.VmmDriver.Probe;
import dev.godwit.vmm.VmmLauncher;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds out what can run a guest here by running one, as the user and with the machine type, sandbox and CPU template that
 * VMs get.
 */
final class QemuProbe {
    /** A guest under working KVM ends in 0.3 s; nested in an emulator it does not end in minutes. */
    static final Duration GUEST_LIMIT = Duration.ofSeconds(5);

    private static final Duration KILL_LIMIT = Duration.ofSeconds(10);

    /** VMs' users start above it. */
    static final int PROBE_UID = 199_999;

    /** A reason is a sentence in the host's status. */
    private static final int REASON_CHARACTERS_MAX = 400;

    private static final Pattern MISSING_FLAG =
            Pattern.compile("requested feature: CPUID[.0-9A-FH]*:E[A-D]X\\.([a-z0-9._-]+) ");

    static final Path KVM = Path.of("/dev/kvm");

    private static final Logger LOG = LoggerFactory.getLogger(QemuProbe.class);

    private final QemuSettings settings;
    private final Path kvm;

    QemuProbe(QemuSettings settings, Path kvm) {
        this.settings = settings;
        this.kvm = kvm;
    }

    /** Runs one guest under KVM and, when that fails and emulation is allowed, one without. */
    Probe run(QemuVersion qemu, boolean allowEmulation) throws IOException {
        String refusal = tryGuest(qemu.machineType(), Accelerator.KVM);
        if (refusal.isEmpty()) {
            return new Probe(Accelerator.KVM, qemu.version(), qemu.machineType(), "");
        }
        if (!allowEmulation) {
            return new Probe(
                    null,
                    qemu.version(),
                    qemu.machineType(),
                    refusal
                            + ". No VM can run here: use a machine with KVM, or set allow-emulation: true (20 times slower)");
        }
        String emulation = tryGuest(qemu.machineType(), Accelerator.TCG);
        if (!emulation.isEmpty()) {
            return new Probe(null, qemu.version(), qemu.machineType(), refusal + "; and " + emulation);
        }
        return new Probe(Accelerator.TCG, qemu.version(), qemu.machineType(), "emulation, since " + refusal);
    }

    /** Empty when a guest ran to its end, else why not. */
    private String tryGuest(String machineType, Accelerator accelerator) throws IOException {
        Integer group = null;
        if (accelerator == Accelerator.KVM) {
            if (!Files.exists(kvm)) {
                return "there is no " + kvm;
            }
            group = kvmGroup(kvm);
            if (!openToVms(kvm)) {
                return kvm + " can't be opened by a VM's user: give it to the group kvm with mode 660";
            }
        }
        Files.createDirectories(settings.scratch());
        Path directory = Files.createTempDirectory(settings.scratch(), "probe");
        try {
            Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
            return runGuest(machineType, accelerator, group, directory);
        } finally {
            try (var files = Files.walk(directory)) {
                for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                    Files.deleteIfExists(file);
                }
            }
        }
    }

    private String runGuest(String machineType, Accelerator accelerator, @Nullable Integer group, Path directory)
            throws IOException {
        Path image = Files.write(directory.resolve("guest"), TinyGuest.image());
        Path log = directory.resolve("log");
        List<String> command = new ArrayList<>(List.of(settings.qemu().toString(), "-nodefaults", "-no-user-config"));
        command.addAll(List.of("-display", "none", "-sandbox", QemuCommandLine.SANDBOX));
        command.addAll(List.of("-machine", machineType, "-m", "64M"));
        command.addAll(List.of("-accel", QemuCommandLine.accelerator(accelerator)));
        command.addAll(List.of("-cpu", QemuCommandLine.cpu(CpuTemplate.X86_64_V2_GODWIT1)));
        command.addAll(List.of("-device", "isa-debug-exit,iosize=1,iobase=" + TinyGuest.EXIT_PORT));
        command.addAll(List.of("-kernel", image.toString()));
        long started = System.nanoTime();
        Process process = new VmmLauncher(settings.launcher())
                .start(new VmmLauncher.Launch(
                        PROBE_UID, group, List.of(), null, false, Map.of(), directory.resolve("pid"), log, command));
        try {
            boolean ended = process.waitFor(GUEST_LIMIT.toMillis(), TimeUnit.MILLISECONDS);
            long millis = (System.nanoTime() - started) / 1_000_000;
            if (!ended) {
                return "a tiny guest under " + described(accelerator) + " did not end within " + GUEST_LIMIT.toSeconds()
                        + " s: the machine below does not let guests run at speed";
            }
            if (process.exitValue() != TinyGuest.EXIT_STATUS) {
                return "a tiny guest under " + described(accelerator) + " failed with status " + process.exitValue()
                        + ": " + why(Files.readString(log, StandardCharsets.UTF_8));
            }
            LOG.info("a tiny guest ran under {} in {} ms", accelerator, millis);
            return "";
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while a tiny guest runs", interrupted);
        } finally {
            end(process);
        }
    }

    /** A guest of the probe that is still there would take a core from the VMs. */
    private static void end(Process process) throws IOException {
        try {
            if (!process.destroyForcibly().waitFor(KILL_LIMIT.toMillis(), TimeUnit.MILLISECONDS)) {
                throw new IOException("QEMU of the probe, process " + process.pid() + ", hangs in the kernel");
            }
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while QEMU of the probe ends", interrupted);
        }
    }

    /** QEMU's words, short: of missing CPU flags, which it tells one a line, the names. */
    static String why(String log) {
        List<String> missing =
                MISSING_FLAG.matcher(log).results().map(flag -> flag.group(1)).toList();
        if (!missing.isEmpty()) {
            return "the CPU lacks " + String.join(", ", missing) + " of CPU template "
                    + CpuTemplate.X86_64_V2_GODWIT1.name();
        }
        String said = log.strip().replace('\n', ' ');
        return said.length() <= REASON_CHARACTERS_MAX ? said : said.substring(0, REASON_CHARACTERS_MAX) + "...";
    }

    private String described(Accelerator accelerator) {
        return accelerator == Accelerator.KVM ? kvm.toString() : "emulation";
    }

    /** Whether a VM's user can be let in: through a group that is not root's, or as anybody. */
    private static boolean openToVms(Path kvm) throws IOException {
        int mode = (int) Files.getAttribute(kvm, "unix:mode", LinkOption.NOFOLLOW_LINKS);
        return kvmGroup(kvm) != null || (mode & 06) == 06;
    }

    /** The group that opens the device, null when it is nobody's or root's. */
    static @Nullable Integer kvmGroup(Path kvm) throws IOException {
        int mode = (int) Files.getAttribute(kvm, "unix:mode", LinkOption.NOFOLLOW_LINKS);
        int group = (int) Files.getAttribute(kvm, "unix:gid", LinkOption.NOFOLLOW_LINKS);
        return (mode & 060) == 060 && group != 0 ? group : null;
    }
}
