package dev.godwit.vmm.qemu;

import dev.godwit.vmm.Accelerator;
import dev.godwit.vmm.CpuTemplate;
import dev.godwit.vmm.RamHandOver;
import dev.godwit.vmm.TrackedMemory;
import dev.godwit.vmm.VmCgroup;
import dev.godwit.vmm.Vmm;
import dev.godwit.vmm.VmmDriver;
import dev.godwit.vmm.VmmLauncher;
import dev.godwit.vmm.VmmProcess;
import dev.godwit.vmm.VmmSpec;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Stock QEMU, one unprivileged process a VM. Thread-safe.
 *
 * <p>Needs root: it gives files to the VM's user, makes control groups and starts the launcher.
 */
public final class QemuDriver implements VmmDriver {
    /**
     * What QEMU itself may take: 75 MiB at rest, the rest is for requests in flight and the kernel's memory for its
     * sockets.
     */
    private static final int OWN_MIB = 384;
    /** Page tables have 8 bytes a page of 4 KiB; under KVM there are the guest's second-level ones too. */
    private static final int RAM_A_PAGE_TABLE = 512;

    /** Threads beside one a vCPU: QEMU's main, RCU and migration threads and its pool of at most 64 workers. */
    static final int THREADS_BESIDE_VCPUS = 96;

    /** QEMU opens its monitor 0.1 s after its start on a quiet machine. */
    private static final Duration MONITOR_LIMIT = Duration.ofSeconds(15);

    private static final Duration MONITOR_PERIOD = Duration.ofMillis(5);
    private static final Duration KILL_LIMIT = Duration.ofSeconds(30);

    private static final Logger LOG = LoggerFactory.getLogger(QemuDriver.class);

    private final QemuSettings settings;
    private final VmmLauncher launcher;
    private @Nullable QemuVersion version;
    private @Nullable Probe probe;
    private boolean probedWithEmulation;
    private final Map<String, String> features = new HashMap<>();

    /** A driver for the QEMU of these settings; nothing is started. */
    public QemuDriver(QemuSettings settings) {
        this.settings = settings;
        this.launcher = new VmmLauncher(settings.launcher());
    }

    /** What a VM's control group may hold beside the guest's RAM, and what its host has to promise for it, in MiB. */
    public static int overheadMib(int memoryMib, Accelerator accelerator) {
        return switch (accelerator) {
            case KVM -> OWN_MIB + Math.ceilDiv(2 * memoryMib, RAM_A_PAGE_TABLE);
            case TCG -> OWN_MIB + Math.ceilDiv(memoryMib, RAM_A_PAGE_TABLE) + QemuCommandLine.TCG_CACHE_MIB;
        };
    }

    @Override
    public synchronized Probe probe(boolean allowEmulation) throws IOException {
        if (probe == null || (probe.accelerator() == null && allowEmulation && !probedWithEmulation)) {
            probe = new QemuProbe(settings, QemuProbe.KVM).run(version(), allowEmulation);
            probedWithEmulation = allowEmulation;
        }
        if (probe.accelerator() == Accelerator.TCG && !allowEmulation) {
            return new Probe(null, probe.vmmVersion(), probe.machineType(), "only " + probe.reason());
        }
        return probe;
    }

    @Override
    public synchronized String cpuFeatures(String cpuTemplate, Accelerator accelerator) throws IOException {
        String key = accelerator + " " + cpuTemplate;
        String known = features.get(key);
        if (known == null) {
            known = new CpuQuestion(settings).ask(version().machineType(), CpuTemplate.named(cpuTemplate), accelerator);
            features.put(key, known);
        }
        return known;
    }

    private synchronized QemuVersion version() throws IOException {
        if (version == null) {
            version = QemuVersion.of(settings.qemu());
        }
        return version;
    }

    @Override
    public Vmm start(VmmSpec spec) throws IOException {
        RunDirectory run = new RunDirectory(spec.runDirectory());
        List<String> command = QemuCommandLine.of(
                settings.qemu(), version().machineType(), CpuTemplate.named(spec.cpuTemplate()), spec, run);
        requireNotRunning(spec, run);
        Start start = new Start(spec, run);
        try {
            return start.go(command);
        } catch (IOException | RuntimeException failed) {
            IOException why = start.undo(failed);
            throw why;
        }
    }

    @Override
    public Vmm adopt(VmmSpec spec) throws IOException {
        RunDirectory run = new RunDirectory(spec.runDirectory());
        VmmProcess process = openOurs(spec, run);
        QmpConnection commands = null;
        QmpConnection watchdog = null;
        try {
            commands = QmpConnection.open(run.commandSocket(), spec.vmId(), false, QmpConnection.COMMAND_TIMEOUT);
            watchdog = QmpConnection.open(run.watchdogSocket(), spec.vmId(), true, QmpConnection.COMMAND_TIMEOUT);
            TrackedMemory memory = TrackedMemory.adopt(spec.vmId(), process.pid(), spec.ramFile(), ramBytes(spec));
            LOG.info("vm {}: took QEMU {} over", spec.vmId(), process.pid());
            return new QemuVmm(
                    spec, run, process, settings.cgroups().open(spec.cgroup()), commands, watchdog, memory, true);
        } catch (IOException | RuntimeException failed) {
            if (watchdog != null) {
                watchdog.close();
            }
            if (commands != null) {
                commands.close();
            }
            process.close();
            throw failed;
        }
    }

    /** The VM's process, when it is what the run directory says: number, start time, user and name fit. */
    private static VmmProcess openOurs(VmmSpec spec, RunDirectory run) throws IOException {
        VmmProcess process;
        try {
            process = VmmProcess.open(run.pidFile());
        } catch (IOException gone) {
            throw new IOException("VM " + spec.vmId() + " can't be taken over: " + gone.getMessage(), gone);
        }
        int uid = process.uid();
        if (uid != spec.uid() || !process.commandLine().contains(QemuCommandLine.name(spec.vmId()))) {
            process.close();
            throw new IOException("VM " + spec.vmId() + " can't be taken over: process " + process.pid() + " of "
                    + run.pidFile() + " runs as user " + uid + " and is not QEMU of this VM");
        }
        return process;
    }

    private static void requireNotRunning(VmmSpec spec, RunDirectory run) throws IOException {
        if (!Files.exists(run.pidFile())) {
            return;
        }
        Optional<Long> running;
        try (VmmProcess process = VmmProcess.open(run.pidFile())) {
            running = Optional.of(process.pid());
        } catch (IOException gone) {
            LOG.info("vm {}: {} is left from an earlier start: {}", spec.vmId(), run.pidFile(), gone.getMessage());
            running = Optional.empty();
        }
        if (running.isPresent()) {
            throw new IOException("VM " + spec.vmId() + " was not started: it runs already as process " + running.get()
                    + "; adopt it");
        }
    }

    private static long ramBytes(VmmSpec spec) {
        return (long) spec.memoryMib() << 20;
    }

    /** One start, and what has to be undone when it fails. */
    private final class Start {
        private final VmmSpec spec;
        private final RunDirectory run;
        private boolean madeRamFile;
        private @Nullable VmCgroup cgroup;
        private @Nullable Process launched;
        private @Nullable VmmProcess process;
        private @Nullable TrackedMemory memory;
        private @Nullable QmpConnection commands;
        private @Nullable QmpConnection watchdog;

        Start(VmmSpec spec, RunDirectory run) {
            this.spec = spec;
            this.run = run;
        }

        QemuVmm go(List<String> command) throws IOException {
            long started = System.nanoTime();
            run.prepare(spec.uid());
            makeRamFile();
            long limitBytes = ramBytes(spec) + ((long) overheadMib(spec.memoryMib(), spec.accelerator()) << 20);
            VmCgroup group = settings.cgroups().create(spec.cgroup(), limitBytes, THREADS_BESIDE_VCPUS + spec.vcpus());
            cgroup = group;
            try (RamHandOver handOver =
                    RamHandOver.listen(spec.vmId(), spec.ramFile(), ramBytes(spec), run.ramSocket(), spec.uid())) {
                Process child =
                        launch(command, group, handOver.environment(settings.preload(), settings.handOverTimeout()));
                launched = child;
                memory = handOver.await(child.pid(), settings.handOverTimeout());
            }
            // The hand-over came from the VMM, so the launcher has written the file.
            VmmProcess vmm = VmmProcess.open(run.pidFile());
            process = vmm;
            QmpConnection first = openMonitor(run.commandSocket(), false, vmm);
            commands = first;
            QmpConnection second = openMonitor(run.watchdogSocket(), true, vmm);
            watchdog = second;
            new DeviceState(spec.vmId(), first, second, false).configure();
            LOG.info(
                    "vm {}: QEMU {} started in {} ms, {} MiB, {} vCPUs, {}{}",
                    spec.vmId(),
                    vmm.pid(),
                    (System.nanoTime() - started) / 1_000_000,
                    spec.memoryMib(),
                    spec.vcpus(),
                    spec.accelerator(),
                    spec.incoming() ? ", waits for its state" : "");
            return new QemuVmm(spec, run, vmm, group, first, second, memory, false);
        }

        private void makeRamFile() throws IOException {
            if (!spec.incoming()) {
                // What an earlier VM left there must not be seen by this one.
                Files.deleteIfExists(spec.ramFile());
            }
            try {
                Files.createFile(
                        spec.ramFile(),
                        PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
                madeRamFile = true;
                try (RandomAccessFile file = new RandomAccessFile(spec.ramFile().toFile(), "rw")) {
                    file.setLength(ramBytes(spec));
                }
            } catch (FileAlreadyExistsException filledAlready) {
                long size = Files.size(spec.ramFile());
                if (size != ramBytes(spec) || !Files.isRegularFile(spec.ramFile(), LinkOption.NOFOLLOW_LINKS)) {
                    throw new IOException(
                            "RAM file " + spec.ramFile() + " is no file of " + ramBytes(spec) + " bytes: it has "
                                    + size,
                            filledAlready);
                }
            }
            RunDirectory.giveTo(spec.ramFile(), spec.uid());
        }

        private Process launch(List<String> command, VmCgroup group, Map<String, String> environment)
                throws IOException {
            VmmSpec.TapSpec tap = spec.tap();
            return launcher.start(new VmmLauncher.Launch(
                    spec.uid(),
                    spec.accelerator() == Accelerator.KVM ? QemuProbe.kvmGroup(QemuProbe.KVM) : null,
                    group.directories(),
                    tap == null ? null : tap.interfaceName(),
                    true,
                    environment,
                    run.pidFile(),
                    run.log(),
                    command));
        }

        private QmpConnection openMonitor(Path socket, boolean outOfBand, VmmProcess vmm) throws IOException {
            DeviceState.Wait wait = new DeviceState.Wait(MONITOR_LIMIT);
            return QmpConnection.openWhenListening(socket, spec.vmId(), outOfBand, MONITOR_LIMIT, () -> {
                if (vmm.awaitExit(MONITOR_PERIOD)) {
                    throw new IOException("QEMU ended before it opened its monitor");
                }
                if (!wait.again()) {
                    throw new IOException("QEMU opened no monitor within " + MONITOR_LIMIT.toSeconds() + " s");
                }
            });
        }

        /** Leaves nothing behind; what can't be removed is told with the reason of the failure. */
        IOException undo(Exception failed) {
            IOException why = new IOException(
                    "VM " + spec.vmId() + " was not started: " + failed.getMessage() + saidByQemu(), failed);
            attempt(why, () -> {
                for (AutoCloseable open : new @Nullable AutoCloseable[] {commands, watchdog, memory}) {
                    if (open != null) {
                        open.close();
                    }
                }
            });
            attempt(why, this::killLaunched);
            attempt(why, run::remove);
            attempt(why, () -> {
                if (cgroup != null) {
                    cgroup.remove();
                }
            });
            attempt(why, () -> {
                if (madeRamFile) {
                    Files.deleteIfExists(spec.ramFile());
                }
            });
            return why;
        }

        private String saidByQemu() {
            String said = run.logTail();
            return launched == null || said.isEmpty() ? "" : ". QEMU said: " + said;
        }

        private void killLaunched() throws Exception {
            if (launched != null) {
                launched.destroyForcibly();
                if (!launched.waitFor(KILL_LIMIT.toMillis(), TimeUnit.MILLISECONDS)) {
                    throw new IOException("process " + launched.pid() + " hangs in the kernel");
                }
            }
            if (process != null) {
                process.close();
            }
        }
    }

    private interface Step {
        void run() throws Exception;
    }

    private static void attempt(IOException why, Step step) {
        try {
            step.run();
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            why.addSuppressed(interrupted);
        } catch (Exception left) {
            why.addSuppressed(left);
        }
    }
}
