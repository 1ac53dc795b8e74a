package dev.godwit.vmm.qemu;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.godwit.vmm.GuestMemory;
import dev.godwit.vmm.VmCgroup;
import dev.godwit.vmm.Vmm;
import dev.godwit.vmm.VmmProcess;
import dev.godwit.vmm.VmmSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumSet;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A running QEMU. */
final class QemuVmm implements Vmm {
    /** {@code stop} waits for the disk to answer what is in flight; seen: 0.5 to 100 ms. */
    private static final Duration PAUSE_TIMEOUT = Duration.ofSeconds(5);
    /** QEMU refuses {@code cont} for a moment after a save completed; seen: below 5 ms. */
    private static final Duration RESUME_TIMEOUT = Duration.ofSeconds(5);
    /** The monitor's own thread answers at once or never. */
    private static final Duration ALIVE_TIMEOUT = Duration.ofSeconds(1);
    /** A killed process is gone when its memory is freed: 1 GiB in 0.1 s. */
    private static final Duration KILL_LIMIT = Duration.ofSeconds(30);

    /** QEMU carries the requests that a guest waits for in its device state, and tries them again where it goes on. */
    private static final Set<Status> STANDING = EnumSet.of(Status.PAUSED, Status.IO_ERROR);

    private static final String NOT_FINALIZED = "not finalized yet";

    private static final Logger LOG = LoggerFactory.getLogger(QemuVmm.class);

    private final VmmSpec spec;
    private final RunDirectory run;
    private final VmmProcess process;
    private final VmCgroup cgroup;
    private final QmpConnection commands;
    private final QmpConnection watchdog;
    private final GuestMemory memory;
    private final DeviceState deviceState;
    /** Held by whoever changes what the guest does: a resume must not fall into a save. */
    private final Object change = new Object();

    private final AtomicBoolean letGo = new AtomicBoolean();
    private volatile boolean ended;
    /** Known without asking: a question costs the blackout 0.2 ms, and more while the guest's CPUs hold QEMU's lock. */
    private volatile boolean loaded;

    private volatile boolean paused;

    QemuVmm(
            VmmSpec spec,
            RunDirectory run,
            VmmProcess process,
            VmCgroup cgroup,
            QmpConnection commands,
            QmpConnection watchdog,
            GuestMemory memory,
            boolean adopted) {
        this.spec = spec;
        this.run = run;
        this.process = process;
        this.cgroup = cgroup;
        this.commands = commands;
        this.watchdog = watchdog;
        this.memory = memory;
        this.deviceState = new DeviceState(spec.vmId(), commands, watchdog, adopted);
        this.loaded = !adopted && !spec.incoming();
    }

    @Override
    public long pid() {
        return process.pid();
    }

    @Override
    public GuestMemory memory() {
        return memory;
    }

    @Override
    public Status status() throws IOException {
        String state = deviceState.runState();
        return switch (state) {
            case "running" -> Status.RUNNING;
            case "inmigrate" -> Status.INCOMING;
            case "postmigrate" -> Status.SAVED;
            case "io-error" -> Status.IO_ERROR;
            case "shutdown" -> Status.SHUTDOWN;
            case "paused", "prelaunch", "finish-migrate", "save-vm", "restore-vm", "suspended" -> Status.PAUSED;
            default -> Status.FAILED;
        };
    }

    @Override
    public boolean diskIsFull() throws IOException {
        for (JsonNode block : commands.execute("query-block")) {
            if (block.path("qdev").asText().contains(QemuCommandLine.DISK)) {
                return block.path("io-status").asText().equals("nospace");
            }
        }
        throw new IOException("QEMU of VM " + spec.vmId() + " knows no disk " + QemuCommandLine.DISK);
    }

    @Override
    public void pause() throws IOException {
        synchronized (change) {
            try {
                commands.execute("stop", QmpConnection.arguments(), PAUSE_TIMEOUT);
            } catch (QmpTimeout late) {
                throw new IOException(
                        "pausing VM " + spec.vmId() + " was given up after " + PAUSE_TIMEOUT.toSeconds() + " s: "
                                + whyLate() + ". It may still pause: resume it when the disk answers",
                        late);
            }
            Status now = status();
            if (!STANDING.contains(now) && now != Status.SAVED) {
                throw new IOException("VM " + spec.vmId() + " can't be paused: it is " + now);
            }
            paused = STANDING.contains(now);
        }
    }

    @Override
    public void resume() throws IOException {
        synchronized (change) {
            if (!loaded && status() == Status.INCOMING) {
                throw new IOException("VM " + spec.vmId()
                        + " can't run: its device state is not loaded, and QEMU would forget the command");
            }
            loaded = true;
            paused = false;
            deviceState.settle();
            DeviceState.Wait wait = new DeviceState.Wait(RESUME_TIMEOUT);
            while (!continued()) {
                if (!wait.again()) {
                    throw new IOException("VM " + spec.vmId() + " does not run " + RESUME_TIMEOUT.toSeconds()
                            + " s after it was told to: it is " + status());
                }
            }
        }
    }

    /** QEMU answers when the guest runs, or refuses. */
    private boolean continued() throws IOException {
        try {
            commands.execute("cont");
            return true;
        } catch (QmpError refused) {
            if (refused.description().contains(NOT_FINALIZED)) {
                return false;
            }
            throw refused;
        }
    }

    @Override
    public void saveState(Path listeningSocket, Duration timeout) throws IOException {
        synchronized (change) {
            Status now = paused ? Status.PAUSED : status();
            if (!STANDING.contains(now)) {
                throw new IOException("the device state of VM " + spec.vmId() + " can't be saved: it is " + now
                        + (now == Status.SAVED ? ", resume it first" : ", pause it first"));
            }
            RunDirectory.giveTo(listeningSocket, spec.uid());
            paused = false;
            deviceState.save(listeningSocket, timeout);
        }
    }

    @Override
    public void acceptState(Path socket) throws IOException {
        synchronized (change) {
            deviceState.accept(socket);
        }
    }

    @Override
    public void awaitLoaded(Duration timeout) throws IOException {
        try {
            deviceState.awaitLoaded(timeout);
            loaded = true;
        } catch (IOException failed) {
            if (process.awaitExit(Duration.ofMillis(100))) {
                throw new IOException(
                        "the device state was refused and QEMU of VM " + spec.vmId() + " ended: " + run.logTail(),
                        failed);
            }
            throw failed;
        }
    }

    @Override
    public void announce() throws IOException {
        // The values that QEMU uses by itself after a move; ours are 0 rounds, so that it does not do so before COMMIT.
        ObjectNode rounds = QmpConnection.arguments()
                .put("initial", 50)
                .put("max", 550)
                .put("rounds", 5)
                .put("step", 100);
        commands.execute("announce-self", rounds);
    }

    @Override
    public String cpuFeatures() throws IOException {
        return GuestCpu.features(commands);
    }

    @Override
    public void end(Duration grace) throws IOException {
        if (ended) {
            return;
        }
        if (letGo.get()) {
            throw new IOException("VM " + spec.vmId() + " was let go of: adopt it, then end it");
        }
        if (commands.isOpen() && !process.exited().isDone()) {
            try {
                commands.execute("quit", QmpConnection.arguments(), grace);
            } catch (IOException unanswered) {
                LOG.info("vm {}: QEMU did not answer quit: {}", spec.vmId(), unanswered.getMessage());
            }
        }
        if (!process.awaitExit(grace)) {
            process.kill(KILL_LIMIT);
        }
        release();
        run.remove();
        cgroup.remove();
        Files.deleteIfExists(spec.ramFile());
        ended = true;
        LOG.info("vm {}: QEMU {} ended", spec.vmId(), process.pid());
    }

    @Override
    public Path guestSocket() {
        return run.guestSocket();
    }

    @Override
    public Path consoleLog() {
        return run.console();
    }

    @Override
    public CompletableFuture<Void> exited() {
        return process.exited();
    }

    @Override
    public void onEvent(Consumer<Event> listener) {
        commands.onEvent(listener);
    }

    /** Only the monitor's own thread answers while the main loop waits, so it tells a slow disk from a dead QEMU. */
    private String whyLate() {
        ObjectNode none = QmpConnection.arguments();
        none.putArray("instances");
        try {
            // Yanking nothing does nothing.
            watchdog.executeOutOfBand("yank", none, ALIVE_TIMEOUT);
            return "QEMU lives and waits for its disk to answer";
        } catch (IOException dead) {
            return "QEMU does not answer at all (" + dead.getMessage() + ")";
        }
    }

    @Override
    public void close() {
        letGo.set(true);
        release();
    }

    private void release() {
        commands.close();
        watchdog.close();
        memory.close();
        process.close();
    }
}
