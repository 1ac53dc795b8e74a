package dev.godwit.replication;

import dev.godwit.peer.ByteKind;
import dev.godwit.peer.PeerStream;
import dev.godwit.peer.Traffic;
import dev.godwit.volume.SourceVolume;
import dev.godwit.volume.VolumeKind;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * The source's side of sending one VM's volumes and device state to a peer: rounds while the guest runs, a last one when
 * it is paused, the device state, and the proof that the peer has it all.
 *
 * <p>Order: {@link #start}, {@link #round} as often as it pays, {@link #flushDisks}, pause the guest, {@link #catchUp},
 * {@link #sendState}, {@link #seal}, then the caller finishes the stream. A scan re-arms before pages are copied, and hashes are taken of the
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
     * One round of a running guest: scans, sends all that is dirty, and returns when the target has applied it and the
     * disks of both ends are on their medium, so that little of that is left to the pause.
     *
     * @throws IOException a volume can't be read, or the stream is over
     */
    public RoundReport round() throws IOException {
        return round(true);
    }

    /**
     * A round that waits for no medium: scans, sends everything, and returns when the target has applied it. Of a guest that
     * runs, so that less is left to the pause, and then of the paused guest, so that nothing is.
     *
     * @throws IOException a volume can't be read, or the stream is over
     */
    public RoundReport catchUp() throws IOException {
        return round(false);
    }

    private RoundReport round(boolean durable) throws IOException {
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
        if (durable) {
            stream.send(FrameType.ROUND, ByteKind.CONTROL, ByteBuffer.allocate(0));
            flushDisks();
            awaitDurable();
        }
        awaitApplied();
        Duration elapsed = Duration.ofNanos(System.nanoTime() - beginNanos);
        if (durable) {
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
     * Brings to this host's medium what the guest has written to its disks: pausing it ends with a flush, which then finds
     * little. The guest runs.
     *
     * @throws IOException a disk's medium refused
     */
    public void flushDisks() throws IOException {
        for (VolumeSender sender : senders) {
            sender.flushDisk();
        }
    }

    /** A target whose disk is slow answers "not yet" in between, so that it is not taken for dead. */
    private void awaitDurable() throws IOException {
        if (senders.stream().noneMatch(sender -> sender.kind() == VolumeKind.DISK)) {
            return;
        }
        long beginNanos = System.nanoTime();
        while (!isDurable()) {
            if (System.nanoTime() - beginNanos > limits.durableTimeout().toNanos()) {
                throw new ReplicationFailed("replication to " + sink + ": the disks of " + stream.peer()
                        + " did not bring a round to their medium within "
                        + limits.durableTimeout().toSeconds() + " s. The source has everything.");
            }
        }
    }

    private boolean isDurable() throws IOException {
        byte[] answer = stream.request(FrameType.DURABLE, ByteKind.CONTROL, new byte[0], limits.answerTimeout());
        if (answer.length != 1) {
            throw new IOException("the target's answer whether it is durable has " + answer.length + " bytes");
        }
        return answer[0] == 1;
    }

    /**
     * Sends the pages that saving the device state has written, and then the state: the target's VMM never loads a state
     * whose pages are still on their way.
     *
     * @param state all of it
     * @throws IOException a volume can't be read, or the stream is over
     */
    public void sendState(byte[] state) throws IOException {
        started();
        for (VolumeSender sender : senders) {
            sender.scan();
            sender.send(stream);
        }
        for (int at = 0; at < state.length; at += STATE_PIECE_BYTES) {
            int bytes = Math.min(STATE_PIECE_BYTES, state.length - at);
            stream.send(FrameType.STATE, ByteKind.STATE, ByteBuffer.wrap(state, at, bytes));
        }
        stream.send(FrameType.STATE_END, ByteKind.STATE, ByteBuffer.allocate(0));
    }

    /**
     * Ends it: a scan, which must find nothing that the target lacks, since the state that it loads is of the pages before,
     * and the comparison of what was sent with what the target applied.
     *
     * @throws ReplicationFailed pages were written after the device state, or the target holds something else; the message
     *     says which
     * @throws IOException a volume can't be read, or the stream is over
     */
    public SealReport seal() throws IOException {
        started();
        long beginNanos = System.nanoTime();
        long touched = 0;
        long unchangedBefore = sum(VolumeSender::unchanged);
        for (VolumeSender sender : senders) {
            sender.scan();
            touched += sender.send(stream);
        }
        long late = touched - (sum(VolumeSender::unchanged) - unchangedBefore);
        if (late > 0) {
            throw new ReplicationFailed("replication to " + sink + " over stream " + stream.id() + ": " + late
                    + " pages were written after the device state of the paused guest was sent, and would not be what it"
                    + " says. The source has everything.");
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
        return new SealReport(touched, answer.pagesHeld(), Duration.ofNanos(System.nanoTime() - beginNanos));
    }

    /** Bytes of memory, outside the Java heap, that each end needs for a volume of this size while it is replicated. */
    public static long tableBytes(long volumeBytes) {
        return PageTable.bytes(volumeBytes);
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
