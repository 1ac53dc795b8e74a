package dev.godwit.replication;

import dev.godwit.peer.ByteKind;
import dev.godwit.peer.FrameSlot;
import dev.godwit.peer.PeerStream;
import dev.godwit.peer.Traffic;
import dev.godwit.volume.SourceVolume;
import dev.godwit.volume.VolumeKind;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * The source's side of sending one VM's volumes and device state to a peer: rounds while the guest runs, a last one when
 * it is paused, the device state, and the proof that the peer has it all.
 *
 * <p>Order: {@link #start}, {@link #round} as often as it pays, pause the guest, {@link #finalRound}, {@link #sendState},
 * {@link #seal}, then the caller finishes the stream. A scan re-arms before pages are copied, and hashes are taken of the
 * copy, never of live memory. Whatever happens, {@link #close} gives the volumes' dirty sets back.
 *
 * <p>One thread. To stop it from another, close the stream: the call in progress then fails.
 */
public final class Replication implements AutoCloseable {
    /** One piece of device state on the wire: it is relayed as it comes. */
    private static final int STATE_PIECE_BYTES = 64 << 10;

    private final String sink;
    private final List<SourceVolume> volumes;
    private final PeerStream stream;
    private final ReplicationLimits limits;
    private final List<VolumeSender> senders = new ArrayList<>();
    private int rounds;

    /**
     * Nothing is opened yet.
     *
     * @param sink name of the sink at the volumes' dirty sets
     * @param volumes in the order of the target's
     * @param stream opened for this replication alone; stays the caller's
     */
    public Replication(String sink, List<SourceVolume> volumes, PeerStream stream, ReplicationLimits limits) {
        this.sink = sink;
        this.volumes = List.copyOf(volumes);
        this.stream = stream;
        this.limits = limits;
    }

    /**
     * Opens a dirty set in every volume, marks its content, and has the target check that its volumes fit.
     *
     * @throws IOException a volume can't say what it holds, or the target refuses; dirty sets stay open until {@link #close}
     */
    public void start() throws IOException {
        if (!senders.isEmpty()) {
            throw new IllegalStateException("replication to " + sink + " was started already");
        }
        ByteBuffer hello = ByteBuffer.allocate(volumes.size() * 9);
        for (SourceVolume volume : volumes) {
            senders.add(new VolumeSender(senders.size(), volume, sink, limits.batchPages()));
            hello.put((byte) FrameType.code(volume.kind())).putLong(volume.pageCount());
        }
        for (VolumeSender sender : senders) {
            sender.markContent();
        }
        stream.request(FrameType.VOLUMES, ByteKind.CONTROL, hello.array(), limits.answerTimeout());
    }

    /**
     * One round of a running guest: scans, sends all that is dirty, and returns when the target has applied it.
     *
     * @throws IOException a volume can't be read, or the stream is over
     */
    public RoundReport round() throws IOException {
        return round(true);
    }

    /**
     * The round of a paused guest: scans, sends everything, and returns when the target has applied it.
     *
     * @throws IOException a volume can't be read, or the stream is over
     */
    public RoundReport finalRound() throws IOException {
        return round(false);
    }

    private RoundReport round(boolean running) throws IOException {
        started();
        long beginNanos = System.nanoTime();
        Traffic before = stream.traffic();
        long zerosBefore = sum(VolumeSender::zeros);
        long unchangedBefore = sum(VolumeSender::unchanged);
        long memoryPages = 0;
        long diskPages = 0;
        for (VolumeSender sender : senders) {
            sender.scan();
        }
        for (VolumeSender sender : senders) {
            long pages = sender.send(stream);
            memoryPages += sender.kind() == VolumeKind.MEMORY ? pages : 0;
            diskPages += sender.kind() == VolumeKind.DISK ? pages : 0;
        }
        if (running) {
            stream.send(FrameType.ROUND, ByteKind.CONTROL, ByteBuffer.allocate(0));
        }
        awaitApplied();
        Duration elapsed = Duration.ofNanos(System.nanoTime() - beginNanos);
        if (running) {
            for (VolumeSender sender : senders) {
                sender.scan();
            }
        }
        rounds++;
        return RoundReport.of(
                rounds,
                memoryPages,
                diskPages,
                sum(VolumeSender::unchanged) - unchangedBefore,
                sum(VolumeSender::zeros) - zerosBefore,
                stream.traffic().since(before),
                sum(VolumeSender::dirtyCount),
                elapsed);
    }

    /**
     * Relays device state until its end, after the pages of {@link #finalRound}.
     *
     * @return its bytes
     * @throws IOException the state can't be read, or the stream is over
     */
    public long sendState(InputStream state) throws IOException {
        started();
        byte[] piece = new byte[STATE_PIECE_BYTES];
        long bytes = 0;
        for (int read = state.read(piece); read >= 0; read = state.read(piece)) {
            try (FrameSlot slot = stream.reserve(read)) {
                slot.payload().put(piece, 0, read);
                slot.send(FrameType.STATE, ByteKind.STATE);
            }
            bytes += read;
        }
        stream.send(FrameType.STATE_END, ByteKind.STATE, ByteBuffer.allocate(0));
        return bytes;
    }

    /**
     * Ends it: one more scan (saving the state may have written pages), those pages, and the comparison of what was sent
     * with what the target applied.
     *
     * @throws ReplicationFailed the target holds something else; the message names the volume
     * @throws IOException a volume can't be read, or the stream is over
     */
    public SealReport seal() throws IOException {
        started();
        long beginNanos = System.nanoTime();
        long late = 0;
        for (VolumeSender sender : senders) {
            sender.scan();
            late += sender.send(stream);
        }
        byte[] digests =
                SealMessage.bytes(senders.stream().map(VolumeSender::digest).toList());
        SealMessage.Answer answer = SealMessage.Answer.of(
                stream.request(FrameType.SEAL, ByteKind.CONTROL, digests, limits.answerTimeout()));
        if (!answer.difference().isEmpty()) {
            throw new ReplicationFailed("replication to " + sink + " over stream " + stream.id() + ": " + stream.peer()
                    + " does not hold what was sent: " + answer.difference() + ". The source has everything.");
        }
        senders.forEach(VolumeSender::applied);
        return new SealReport(late, answer.pagesHeld(), Duration.ofNanos(System.nanoTime() - beginNanos));
    }

    /**
     * Reads every volume of a paused guest again and compares it with what the sink was sent: the only check that sees a
     * write which the volume's own tracking missed. A second for each 3 GB or so, so not for a pause that is short.
     *
     * @return one for each volume
     */
    public List<Recheck> recheck() throws IOException {
        started();
        List<Recheck> checks = new ArrayList<>();
        for (VolumeSender sender : senders) {
            checks.add(sender.recheck());
        }
        return checks;
    }

    /** Bytes handed to the socket so far. */
    public Traffic traffic() {
        return stream.traffic();
    }

    private void awaitApplied() throws IOException {
        stream.awaitApplied();
        senders.forEach(VolumeSender::applied);
    }

    private long sum(java.util.function.ToLongFunction<VolumeSender> count) {
        return senders.stream().mapToLong(count).sum();
    }

    private void started() {
        if (senders.isEmpty()) {
            throw new IllegalStateException("replication to " + sink + " was not started, or is closed");
        }
    }

    /** Gives the dirty sets back. Idempotent. A later replication of the same volumes starts clean. */
    @Override
    public void close() {
        senders.reversed().forEach(VolumeSender::close);
        senders.clear();
    }
}
