package dev.godwit.vmm.qemu;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Saving and loading the state of a guest's devices, without its RAM, by QEMU's migration with {@code x-ignore-shared}.
 * Not thread-safe: one caller at a time.
 */
final class DeviceState {
    /**
     * A look costs 0.1 ms; a look every 10 ms would cost as much as the whole move. What takes longer than {@link #EAGER}
     * waits for something else.
     */
    private static final Duration PERIOD = Duration.ofNanos(200_000);

    private static final Duration EAGER = Duration.ofMillis(500);
    private static final Duration PATIENT_PERIOD = Duration.ofMillis(5);
    /** Cancelling shuts the socket down; seen: 2 ms. */
    private static final Duration CANCEL_TIMEOUT = Duration.ofSeconds(5);
    /** unix(7). */
    static final int SOCKET_PATH_BYTES_MAX = 107;

    private static final Logger LOG = LoggerFactory.getLogger(DeviceState.class);

    private static final Set<String> OVER = Set.of("completed", "failed", "cancelled", "none");

    private final String vmId;
    private final QmpConnection qmp;
    private final QmpConnection watchdog;

    /** False while a save may be under way: ours, or one of an earlier hostd. */
    private boolean settled;

    /** @param adopted whether an earlier hostd may have begun a save */
    DeviceState(String vmId, QmpConnection qmp, QmpConnection watchdog, boolean adopted) {
        this.vmId = vmId;
        this.qmp = qmp;
        this.watchdog = watchdog;
        this.settled = !adopted;
    }

    /** Both ends leave shared RAM out, and nobody announces the guest before the move is committed. */
    void configure() throws IOException {
        ObjectNode capability = QmpConnection.arguments();
        capability
                .putArray("capabilities")
                .addObject()
                .put("capability", "x-ignore-shared")
                .put("state", true);
        qmp.execute("migrate-set-capabilities", capability);
        qmp.execute("migrate-set-parameters", QmpConnection.arguments().put("announce-rounds", 0));
    }

    /**
     * Writes the paused guest's state to a listening socket. After a failure the guest is paused and can run on.
     *
     * <p>While QEMU writes to a socket that nobody reads its main loop hangs, and no ordinary command is answered.
     */
    void save(Path socket, Duration timeout) throws IOException {
        long deadline = System.nanoTime() + timeout.toNanos();
        ObjectNode where = QmpConnection.arguments().put("uri", uri(socket));
        settled = false;
        qmp.execute("migrate", where);
        JsonNode migration;
        try {
            migration = awaitOver(deadline);
        } catch (QmpTimeout late) {
            settle();
            throw new IOException(
                    "saving the device state of VM " + vmId + " to " + socket + " took longer than "
                            + timeout.toMillis() + " ms and was given up: whoever reads it is slow",
                    late);
        }
        if (!status(migration).equals("completed")) {
            throw new IOException("saving the device state of VM " + vmId + " to " + socket + " "
                    + status(migration) + ": "
                    + migration.path("error-desc").asText("whoever reads it went away"));
        }
        awaitAfterMigration(deadline);
    }

    /** A save is told as completed an instant before the guest stands as migrated; a {@code cont} in between would be undone. */
    private void awaitAfterMigration(long deadline) throws IOException {
        Wait wait = new Wait(Duration.ofNanos(Math.max(deadline - System.nanoTime(), PERIOD.toNanos())));
        while (runState().equals("paused")) {
            if (!wait.again()) {
                throw new QmpTimeout(vmId, "migrate", wait.timeout);
            }
        }
    }

    /**
     * Ends a save that is under way; a {@code cont} during one would part state and memory. The monitor's own thread shuts
     * the socket down, which works while the main loop hangs.
     */
    void settle() throws IOException {
        if (settled) {
            return;
        }
        ObjectNode migration = QmpConnection.arguments();
        migration.putArray("instances").addObject().put("type", "migration");
        try {
            watchdog.executeOutOfBand("yank", migration, CANCEL_TIMEOUT);
        } catch (QmpError overAlready) {
            LOG.debug("vm {}: no save to cancel: {}", vmId, overAlready.description());
        }
        awaitOver(System.nanoTime() + CANCEL_TIMEOUT.toNanos());
    }

    private JsonNode awaitOver(long deadline) throws IOException {
        Wait wait = new Wait(Duration.ofNanos(deadline - System.nanoTime()));
        while (true) {
            Duration left = Duration.ofNanos(Math.max(deadline - System.nanoTime(), PERIOD.toNanos()));
            JsonNode migration = qmp.execute("query-migrate", QmpConnection.arguments(), left);
            if (OVER.contains(status(migration))) {
                settled = true;
                return migration;
            }
            if (!wait.again()) {
                throw new QmpTimeout(vmId, "migrate", wait.timeout);
            }
        }
    }

    /** Starts listening. */
    void accept(Path socket) throws IOException {
        qmp.execute("migrate-incoming", QmpConnection.arguments().put("uri", uri(socket)));
    }

    /** Waits until the state is loaded. */
    void awaitLoaded(Duration timeout) throws IOException {
        Wait wait = new Wait(timeout);
        while (runState().equals("inmigrate")) {
            if (!wait.again()) {
                throw new IOException(
                        "no complete device state of VM " + vmId + " arrived within " + timeout.toMillis() + " ms");
            }
        }
    }

    /** QEMU's word for what the guest does. */
    String runState() throws IOException {
        return qmp.execute("query-status").path("status").asText();
    }

    /** A pause between two looks, and the end of the looking. */
    static final class Wait {
        private final long start = System.nanoTime();
        private final Duration timeout;

        Wait(Duration timeout) {
            this.timeout = timeout;
        }

        /** Waits a moment; false when time is up. */
        boolean again() {
            long passed = System.nanoTime() - start;
            if (passed > timeout.toNanos()) {
                return false;
            }
            LockSupport.parkNanos((passed < EAGER.toNanos() ? PERIOD : PATIENT_PERIOD).toNanos());
            return true;
        }
    }

    private static String status(JsonNode migration) {
        return migration.path("status").asText("none");
    }

    private static String uri(Path socket) {
        int bytes = socket.toString().getBytes(StandardCharsets.UTF_8).length;
        if (!socket.isAbsolute() || bytes > SOCKET_PATH_BYTES_MAX) {
            throw new IllegalArgumentException(
                    "socket " + socket + " is not an absolute path of at most " + SOCKET_PATH_BYTES_MAX + " bytes");
        }
        return "unix:" + socket;
    }
}
