package dev.godwit.daemon;

import dev.godwit.move.BytesSent;
import dev.godwit.move.RoundReport;
import dev.godwit.move.StreamPort;
import dev.godwit.peer.PeerLink;
import dev.godwit.peer.PeerStream;
import dev.godwit.peer.Traffic;
import dev.godwit.replication.Replication;
import dev.godwit.replication.ReplicationLimits;
import dev.godwit.volume.Pages;
import dev.godwit.volume.SourceVolume;
import java.io.IOException;
import java.io.InputStream;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/** The source's end of a move's stream: the replication engine over the peer wire. */
final class MoveStream implements StreamPort {
    /** The VMM has said that the save is complete; what is left in the socket's buffer takes milliseconds. */
    private static final long STATE_TAIL_SECONDS = 10;
    /** Ours has 350 KB; a VMM that writes more than this is not one of ours. */
    private static final int STATE_BYTES_MAX = 64 << 20;

    private final String moveId;
    private final List<SourceVolume> volumes;
    private final PeerLink link;
    private final Path runDirectory;
    private final List<dev.godwit.replication.RoundReport> reports = new ArrayList<>();
    private @Nullable PeerStream stream;
    private @Nullable Replication replication;
    private @Nullable Traffic last;

    MoveStream(String moveId, List<SourceVolume> volumes, PeerLink link, Path runDirectory) {
        this.moveId = moveId;
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
    public void finalRound() throws IOException {
        reports.add(open().finalRound());
    }

    @Override
    public void sendState(StateSource source) throws IOException {
        Path socket = runDirectory.resolve("state-out.sock");
        Files.deleteIfExists(socket);
        try (ServerSocketChannel listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            listener.bind(UnixDomainSocketAddress.of(socket));
            // A VMM whose reader stalls hangs with its monitor: so the state is read at once, whatever the wire does.
            FutureTask<byte[]> reading = new FutureTask<>(() -> {
                try (SocketChannel vmm = listener.accept();
                        InputStream state = Channels.newInputStream(vmm)) {
                    return state.readNBytes(STATE_BYTES_MAX + 1);
                }
            });
            Thread.ofPlatform().name("state-of-" + moveId).start(reading);
            source.saveState(socket);
            byte[] state = await(reading);
            if (state.length > STATE_BYTES_MAX) {
                throw new IOException(
                        "move " + moveId + ": the device state has more than " + STATE_BYTES_MAX + " bytes");
            }
            open().sendState(state);
        } finally {
            Files.deleteIfExists(socket);
        }
    }

    /** The sentence of what failed behind a future. */
    static String why(ExecutionException e) {
        Throwable cause = e.getCause();
        return String.valueOf(cause == null ? e.getMessage() : cause.getMessage());
    }

    private byte[] await(FutureTask<byte[]> reading) throws IOException {
        try {
            return reading.get(STATE_TAIL_SECONDS, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            throw e.getCause() instanceof IOException cause
                    ? cause
                    : new IOException("move " + moveId + ": the device state could not be relayed", e.getCause());
        } catch (TimeoutException e) {
            throw new IOException(
                    "move " + moveId + ": the VMM said that its state is saved, but did not close its"
                            + " connection within " + STATE_TAIL_SECONDS + " s",
                    e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("move " + moveId + " was interrupted while it relayed the device state", e);
        }
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
