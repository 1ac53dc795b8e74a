package dev.godwit.daemon;

import dev.godwit.move.BytesSent;
import dev.godwit.move.RoundReport;
import dev.godwit.move.StreamPort;
import dev.godwit.peer.PeerLink;
import dev.godwit.peer.PeerStream;
import dev.godwit.peer.Traffic;
import dev.godwit.replication.Replication;
import dev.godwit.replication.ReplicationLimits;
import dev.godwit.vmm.DeviceStateReader;
import dev.godwit.volume.Pages;
import dev.godwit.volume.SourceVolume;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/** The source's end of a move's stream: the replication engine over the peer wire. */
final class MoveStream implements StreamPort {
    private final String moveId;
    private final String vmId;
    private final List<SourceVolume> volumes;
    private final PeerLink link;
    private final Path runDirectory;
    private final List<dev.godwit.replication.RoundReport> reports = new ArrayList<>();
    private @Nullable PeerStream stream;
    private @Nullable Replication replication;
    private @Nullable Traffic last;

    MoveStream(String moveId, String vmId, List<SourceVolume> volumes, PeerLink link, Path runDirectory) {
        this.moveId = moveId;
        this.vmId = vmId;
        this.volumes = volumes;
        this.link = link;
        this.runDirectory = runDirectory;
    }

    @Override
    public void start() throws IOException {
        stream = link.openStream(MoveCalls.STREAM_PREFIX + moveId, MoveCalls.write(new MoveCalls.MoveOnly(moveId)));
        replication = new Replication(MoveCalls.STREAM_PREFIX + moveId, volumes, stream, ReplicationLimits.standard());
        replication.start();
    }

    @Override
    public RoundReport round() throws IOException {
        dev.godwit.replication.RoundReport report = open().round();
        reports.add(report);
        return new RoundReport(
                report.round(), report.bytes().totalBytes(), report.dirtyAfter() * Pages.PAGE_BYTES, report.elapsed());
    }

    /** Every round so far, as the engine reports it. */
    List<dev.godwit.replication.RoundReport> reports() {
        return List.copyOf(reports);
    }

    @Override
    public void flushDisks() throws IOException {
        open().flushDisks();
    }

    @Override
    public KeepingUp keepUp() throws IOException {
        Replication engine = open();
        AtomicBoolean enough = new AtomicBoolean();
        Beside<List<dev.godwit.replication.RoundReport>> rounds = Beside.start("keep-up-" + moveId, () -> {
            List<dev.godwit.replication.RoundReport> done = new ArrayList<>();
            while (!enough.get()) {
                done.add(engine.catchUp());
            }
            return done;
        });
        return () -> {
            enough.set(true);
            try (rounds) {
                reports.addAll(rounds.get());
            }
        };
    }

    @Override
    public void sendRest(StateSource source) throws IOException {
        // Saving takes a VMM 13 to 15 ms, in which the last pages go; those that it writes are found by the scan after
        // it.
        try (DeviceStateReader reader = DeviceStateReader.listen(vmId, runDirectory.resolve("state-out.sock"));
                Beside<byte[]> saving = Beside.start("save-" + vmId, () -> {
                    source.saveState(reader.socket());
                    return reader.state();
                })) {
            reports.add(open().catchUp());
            open().sendState(saving.get());
        }
    }

    /** The sentence of what failed behind a future. */
    static String why(ExecutionException e) {
        Throwable cause = e.getCause();
        return String.valueOf(cause == null ? e.getMessage() : cause.getMessage());
    }

    @Override
    public void seal() throws IOException {
        open().seal();
    }

    @Override
    public BytesSent bytesSent() {
        PeerStream open = stream;
        if (open != null) {
            last = open.traffic();
        }
        Traffic traffic = last;
        return traffic == null
                ? BytesSent.NONE
                : new BytesSent(traffic.memoryBytes(), traffic.diskBytes(), traffic.stateBytes());
    }

    @Override
    public void close() {
        bytesSent();
        if (replication != null) {
            replication.close();
            replication = null;
        }
        if (stream != null) {
            stream.close();
            stream = null;
        }
    }

    private Replication open() throws IOException {
        Replication engine = replication;
        if (engine == null) {
            throw new IOException("move " + moveId + " has no stream: it was closed or never started");
        }
        return engine;
    }
}
