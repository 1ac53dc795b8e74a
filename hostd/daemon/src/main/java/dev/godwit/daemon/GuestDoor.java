package dev.godwit.daemon;

import dev.godwit.api.Exec;
import dev.godwit.api.ExecRequest;
import dev.godwit.api.ProblemCode;
import dev.godwit.api.SignalRequest;
import dev.godwit.guest.ExecState;
import dev.godwit.guest.ExecStatus;
import dev.godwit.guest.FileStat;
import dev.godwit.guest.GuestChannel;
import dev.godwit.guest.GuestException;
import dev.godwit.guest.GuestNetwork;
import dev.godwit.guest.GuestRefused;
import dev.godwit.guest.GuestSilent;
import dev.godwit.guest.ResumeRequest;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/** What this host asks of one VM's guest, in the words of the API. Thread-safe. */
final class GuestDoor implements AutoCloseable {
    /** Files of proc have size 0, and those of sysfs a page's, which is at most this; neither is true. */
    private static final int SIZE_OF_KERNEL_FILES_BYTES = 64 << 10;

    private static final int STDIN_PIECE_BYTES = 64 << 10;

    private final String vmId;
    private final GuestChannel channel;
    private volatile boolean closed;

    private GuestDoor(String vmId, GuestChannel channel) {
        this.vmId = vmId;
        this.channel = channel;
    }

    static GuestDoor open(String vmId, Path socket) {
        return new GuestDoor(vmId, GuestChannel.open(vmId, socket));
    }

    /** A call to the guest. */
    private interface Call<T> {
        T make() throws IOException, InterruptedException;
    }

    private <T> T call(String what, Call<T> call) throws IOException {
        try {
            return call.make();
        } catch (GuestSilent e) {
            throw new Unavailable(String.valueOf(e.getMessage()), e);
        } catch (GuestRefused e) {
            throw e;
        } catch (GuestException e) {
            if (closed) {
                throw new Unavailable(
                        "VM " + vmId + " is leaving this host or hostd stops, so " + what
                                + " got no answer; ask again, its next owner answers.",
                        e);
            }
            throw e;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new GuestException("vm " + vmId + ": " + what + " was interrupted");
        }
    }

    void awaitReady(Duration atMost) throws IOException {
        call("waiting for the guest", () -> {
            channel.awaitReady(atMost);
            return true;
        });
    }

    /** Who the guest is, fresh entropy, and the time: forward by a step, back by slewing. */
    void greet(VmRecord vm, Optional<GuestNetwork> identity) throws IOException {
        call("resuming", () -> channel.resume(new ResumeRequest(vm.name(), vm.fence(), identity)));
    }

    /** Starts a command under an id of its own. */
    Exec startExec(ExecRequest request) throws IOException {
        String id = "x-" + UUID.randomUUID();
        String cwd = request.cwd() == null ? "/" : request.cwd();
        call(
                "exec",
                () -> channel.exec(
                        new dev.godwit.guest.ExecRequest(id, request.argv(), request.env(), cwd, request.tty())));
        return new Exec(id, vmId, request.argv(), dev.godwit.api.ExecState.RUNNING, null, null, 0, 0);
    }

    /** The state of a command; its arguments are not kept by the guest. */
    Exec exec(String execId) throws IOException {
        ExecStatus status = status(execId);
        return new Exec(
                execId,
                vmId,
                List.of(),
                status.state().ended() ? dev.godwit.api.ExecState.EXITED : dev.godwit.api.ExecState.RUNNING,
                status.state() instanceof ExecState.Exited exited ? exited.code() : null,
                status.state() instanceof ExecState.Killed killed ? killed.signal() : null,
                status.stdout().end(),
                status.stderr().end());
    }

    ExecStatus status(String execId) throws IOException {
        try {
            return call("status", () -> channel.status(execId));
        } catch (GuestRefused e) {
            throw new NotFound("VM " + vmId + " knows no exec " + execId + ": " + e.getMessage() + ".");
        }
    }

    /** Attaches to a command's output. */
    ExecReader read(String execId, long stdoutOffset, long stderrOffset) throws IOException {
        ExecStatus status = status(execId);
        requireKept(execId, "stdout", status.stdout(), stdoutOffset);
        requireKept(execId, "stderr", status.stderr(), stderrOffset);
        return call("output", () -> ExecTail.attach(vmId, channel, execId, stdoutOffset, stderrOffset));
    }

    private void requireKept(String execId, String stream, ExecStatus.Stream kept, long offset) {
        if (offset < kept.firstKept()) {
            throw new Gone(
                    "Byte " + offset + " of " + stream + " of exec " + execId + " in VM " + vmId
                            + " has left the ring; read on from " + kept.firstKept() + ".",
                    kept.firstKept());
        }
        if (offset > kept.end()) {
            throw new Refused(
                    ProblemCode.REFUSED,
                    "Offset " + offset + " of " + stream + " of exec " + execId + " is beyond what was written, "
                            + kept.end() + " bytes; begin there or before.");
        }
    }

    /** Feeds standard input from {@code offset} on, to the end of {@code body}. */
    long stdin(String execId, long offset, InputStream body, boolean end) throws IOException {
        try {
            return feed(execId, offset, body, end);
        } catch (GuestRefused e) {
            if (e.reason() != GuestRefused.Reason.ENDED && e.reason() != GuestRefused.Reason.STDIN_CLOSED) {
                throw e;
            }
            throw new Refused(
                    ProblemCode.REFUSED,
                    "Exec " + execId + " in VM " + vmId + " takes no input: " + e.getMessage() + ".");
        }
    }

    private long feed(String execId, long offset, InputStream body, boolean end) throws IOException {
        long at = offset;
        byte[] piece = new byte[STDIN_PIECE_BYTES];
        for (int n = body.readNBytes(piece, 0, piece.length); n > 0; n = body.readNBytes(piece, 0, piece.length)) {
            byte[] bytes = java.util.Arrays.copyOf(piece, n);
            long from = at;
            at = call("stdin", () -> channel.stdin(execId, from, bytes, false));
        }
        if (end) {
            long from = at;
            at = call("stdin", () -> channel.stdin(execId, from, new byte[0], true));
        }
        return at;
    }

    void signal(String execId, SignalRequest signal) throws IOException {
        Long id = signal.id();
        call("signal", () -> {
            if (id == null) {
                channel.signal(execId, signal.name());
            } else {
                channel.signal(execId, signal.name(), id);
            }
            return true;
        });
    }

    void put(String path, int mode, InputStream body) throws IOException {
        call("writing " + path, () -> {
            channel.put(body, path, mode);
            return true;
        });
    }

    /** A file of the guest; the copy runs as it is read. */
    GuestFile get(String path) throws IOException {
        FileStat stat;
        try {
            stat = call("looking at " + path, () -> channel.stat(path));
        } catch (GuestRefused e) {
            throw new NotFound("VM " + vmId + " has no file " + path + ": " + e.getMessage() + ".");
        }
        if (!stat.isRegular()) {
            throw new Refused(ProblemCode.REFUSED, path + " in VM " + vmId + " is not a regular file.");
        }
        long sizeBytes = stat.sizeBytes() > SIZE_OF_KERNEL_FILES_BYTES ? stat.sizeBytes() : GuestFile.UNKNOWN;
        return new GuestFile(
                GuestFileCopy.begin(
                        path + " of VM " + vmId,
                        sizeBytes,
                        into -> call("reading " + path, () -> channel.get(path, into))),
                sizeBytes);
    }

    void shutdown() throws IOException {
        call("shutting down", () -> {
            channel.shutdown();
            return true;
        });
    }

    @Override
    public void close() {
        closed = true;
        channel.close();
    }
}
