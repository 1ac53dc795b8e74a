package dev.godwit.replication;

import dev.godwit.peer.StreamReceiver;
import dev.godwit.volume.TargetVolume;
import dev.godwit.volume.VolumeKind;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The target's side of a {@link Replication}: applies pages to volumes, relays device state after the pages before it,
 * and answers the digests. What does not fit is refused with a sentence, and ends the stream.
 *
 * <p>The stream's thread calls it; {@link #sealed} and {@link #report} may be called by any.
 */
public final class Reception implements StreamReceiver {
    private static final Logger LOG = LoggerFactory.getLogger(Reception.class);
    /** A write to the VMM's socket. */
    private static final int STATE_PIECE_BYTES_MAX = 1 << 20;
    /** How long the question whether disks are durable is held: far below the time after which a stream has stalled. */
    private static final Duration DURABLE_PATIENCE = Duration.ofSeconds(1);

    private final List<VolumeReceiver> volumes;
    private final StateOutlet outlet;
    private final WriteBack writeBack;
    private final Duration durablePatience;
    /** The flush that the last round began; 0 before the first. */
    private long roundFlush;

    private final CompletableFuture<ReceptionReport> sealed = new CompletableFuture<>();
    private @Nullable Decompressor decompressor;
    private @Nullable OutputStream state;
    private boolean stateWhole;
    private boolean agreed;
    private final AtomicLong stateBytes = new AtomicLong();
    private final AtomicLong wireBytes = new AtomicLong();

    /**
     * Nothing is touched yet.
     *
     * @param volumes in the order of the source's; stay the caller's
     * @param outlet where the device state goes
     */
    public Reception(List<TargetVolume> volumes, StateOutlet outlet) {
        this(volumes, outlet, DURABLE_PATIENCE);
    }

    Reception(List<TargetVolume> volumes, StateOutlet outlet, Duration durablePatience) {
        this.volumes = volumes.stream().map(VolumeReceiver::new).toList();
        this.outlet = outlet;
        this.durablePatience = durablePatience;
        this.writeBack = new WriteBack(volumes.stream()
                .filter(volume -> volume.kind() == VolumeKind.DISK)
                .toList());
    }

    /**
     * Completes when the source has sealed and every digest is equal; exceptionally, with a sentence, when one differs
     * or the stream ends before that.
     */
    public CompletableFuture<ReceptionReport> sealed() {
        return sealed;
    }

    /** As of now. */
    public ReceptionReport report() {
        return report(sealed.isDone() && !sealed.isCompletedExceptionally());
    }

    private ReceptionReport report(boolean done) {
        long memoryPages = 0;
        long diskPages = 0;
        for (VolumeReceiver receiver : volumes) {
            long applied = receiver.applied();
            memoryPages += receiver.volume().kind() == VolumeKind.MEMORY ? applied : 0;
            diskPages += receiver.volume().kind() == VolumeKind.DISK ? applied : 0;
        }
        return new ReceptionReport(memoryPages, diskPages, stateBytes.get(), wireBytes.get(), done);
    }

    @Override
    public byte @Nullable [] onFrame(int type, ByteBuffer payload) throws IOException {
        if (sealed.isDone() || (!agreed && type != FrameType.VOLUMES)) {
            throw new IOException(
                    "frame type " + type + (agreed ? " came after the seal" : " came before the volumes"));
        }
        wireBytes.addAndGet(payload.remaining());
        switch (type) {
            case FrameType.VOLUMES -> {
                compareVolumes(payload);
                return new byte[0];
            }
            case FrameType.PAGES -> applyPages(payload);
            case FrameType.ROUND -> roundFlush = writeBack.begin();
            case FrameType.DURABLE -> {
                return new byte[] {(byte) (writeBack.await(roundFlush, durablePatience) ? 1 : 0)};
            }
            case FrameType.STATE -> relay(payload);
            case FrameType.STATE_END -> endState();
            case FrameType.SEAL -> {
                return seal(SealMessage.digests(payload, volumes.size())).bytes();
            }
            default -> throw new IOException("frame type " + type + " is none of a replication");
        }
        return null;
    }

    private void compareVolumes(ByteBuffer payload) throws IOException {
        if (agreed || payload.remaining() != volumes.size() * 9) {
            throw new IOException("the source describes " + payload.remaining() / 9 + " volumes, this target has "
                    + volumes.size() + (agreed ? " and has agreed to them already" : ""));
        }
        for (int i = 0; i < volumes.size(); i++) {
            TargetVolume mine = volumes.get(i).volume();
            int kind = payload.get();
            long pages = payload.getLong();
            if (kind != FrameType.code(mine.kind()) || pages != mine.pageCount()) {
                throw new IOException("volume " + i + " of the source has kind " + kind + " and " + pages
                        + " pages, here it is " + mine.kind() + " with " + mine.pageCount());
            }
        }
        decompressor = new Decompressor();
        agreed = true;
    }

    private void applyPages(ByteBuffer payload) throws IOException {
        PagesFrame frame = PagesFrame.read(payload);
        if (frame.volume() >= volumes.size()) {
            throw new IOException("pages of volume " + frame.volume() + ", but there are " + volumes.size());
        }
        ByteBuffer runs = payload.slice(payload.position(), frame.runs() * PagesFrame.RUN_BYTES);
        int contentAt = payload.position() + runs.capacity();
        VolumeReceiver receiver = volumes.get(frame.volume());
        receiver.apply(frame.runs(), runs, content(frame, payload, contentAt));
        if (receiver.volume().kind() == VolumeKind.DISK) {
            writeBack.filled(frame.contentBytes());
        }
    }

    private MemorySegment content(PagesFrame frame, ByteBuffer payload, int at) throws IOException {
        int bytes = payload.limit() - at;
        if (!frame.compressed()) {
            if (bytes != frame.contentBytes()) {
                throw new IOException(
                        "a raw frame has " + bytes + " bytes of pages, its header says " + frame.contentBytes());
            }
            return MemorySegment.ofBuffer(payload.slice(at, bytes));
        }
        return Objects.requireNonNull(decompressor, "made when the volumes were agreed on")
                .decompress(payload.slice(at, bytes), frame.contentBytes());
    }

    /** On this thread, since little is left by now and every hop counts. */
    private void flushDisks() throws IOException {
        writeBack.requireSound();
        for (VolumeReceiver receiver : volumes) {
            if (receiver.volume().kind() == VolumeKind.DISK) {
                receiver.volume().flush();
            }
        }
    }

    private void relay(ByteBuffer payload) throws IOException {
        if (stateWhole || payload.remaining() > STATE_PIECE_BYTES_MAX) {
            throw new IOException(
                    stateWhole ? "device state came after its end" : "a piece of device state is too large");
        }
        OutputStream to = state;
        if (to == null) {
            to = outlet.open();
            state = to;
        }
        byte[] piece = new byte[payload.remaining()];
        payload.get(piece);
        to.write(piece);
        to.flush();
        stateBytes.addAndGet(piece.length);
    }

    private void endState() throws IOException {
        stateWhole = true;
        OutputStream to = state;
        state = null;
        if (to != null) {
            to.close();
        }
    }

    private SealMessage.Answer seal(List<PageTable.Digest> theirs) throws IOException {
        long held = 0;
        StringBuilder differences = new StringBuilder();
        for (int i = 0; i < volumes.size(); i++) {
            PageTable.Digest mine = volumes.get(i).digest();
            held += mine.pages();
            if (!mine.equals(theirs.get(i))) {
                differences.append(differences.isEmpty() ? "" : "; ").append(difference(i, mine, theirs.get(i)));
            }
        }
        if (differences.isEmpty()) {
            flushDisks();
            // First: who waits for it has a guest that stands still, and letting go of memory takes milliseconds.
            sealed.complete(report(true));
            free();
        } else {
            sealed.completeExceptionally(new ReplicationFailed(
                    "this target does not hold what the source sent: " + differences + ". The VM must not run here."));
        }
        return new SealMessage.Answer(held, differences.toString());
    }

    private String difference(int index, PageTable.Digest mine, PageTable.Digest theirs) {
        return "volume %d (%s): sent %d pages with digest %016x%016x, applied %d with %016x%016x"
                .formatted(
                        index,
                        volumes.get(index).volume().kind(),
                        theirs.pages(),
                        theirs.high(),
                        theirs.low(),
                        mine.pages(),
                        mine.high(),
                        mine.low());
    }

    @Override
    public void onEnd() {
        lost("the source ended the stream before the seal");
    }

    @Override
    public void onLost(String reason) {
        lost(reason);
    }

    private void lost(String reason) {
        sealed.completeExceptionally(new ReplicationFailed("replication was lost: " + reason));
        try {
            endState();
        } catch (IOException e) {
            LOG.info("closing the outlet of device state after a lost replication failed: {}", e.getMessage());
        }
        free();
    }

    private void free() {
        writeBack.close();
        volumes.forEach(VolumeReceiver::close);
        if (decompressor != null) {
            decompressor.close();
            decompressor = null;
        }
    }
}
