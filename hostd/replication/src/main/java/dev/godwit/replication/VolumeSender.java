package dev.godwit.replication;

import com.dynatrace.hash4j.hashing.HashValue128;
import dev.godwit.peer.ByteKind;
import dev.godwit.peer.PeerStream;
import dev.godwit.volume.PageSet;
import dev.godwit.volume.Pages;
import dev.godwit.volume.SinkPages;
import dev.godwit.volume.SourceVolume;
import dev.godwit.volume.VolumeKind;
import java.io.IOException;
import java.lang.foreign.MemorySegment;

/** Sends one volume's dirty pages to one sink, and keeps what the sink holds. One thread. */
final class VolumeSender implements AutoCloseable {
    private final int index;
    private final SourceVolume volume;
    private final SinkPages sink;
    private final PageTable table;
    private final Batch batch;
    private final Compressor compressor;
    private long looked;
    private long unchanged;
    private long zeros;

    /** Opens the sink's set. */
    VolumeSender(int index, SourceVolume volume, String sinkName, int batchPages) {
        this.index = index;
        this.volume = volume;
        this.table = new PageTable(volume.pageCount());
        this.batch = new Batch(batchPages);
        this.sink = volume.dirtySets().open(sinkName);
        this.compressor = new Compressor();
    }

    /** Marks what a sink that knows nothing misses. After the set is open, so that no write falls between. */
    void markContent() throws IOException {
        sink.mark(volume.content());
    }

    VolumeKind kind() {
        return volume.kind();
    }

    void scan() throws IOException {
        volume.scan();
    }

    /** What a disk's guest wrote goes to this host's medium. */
    void flushDisk() throws IOException {
        if (volume.kind() == VolumeKind.DISK) {
            volume.flush();
        }
    }

    long dirtyCount() {
        return sink.dirtyCount();
    }

    PageTable.Digest digest() {
        return table.digest();
    }

    long looked() {
        return looked;
    }

    long unchanged() {
        return unchanged;
    }

    long zeros() {
        return zeros;
    }

    /** Copies, tests, hashes, compresses and sends everything dirty now; returns the pages looked at. */
    long send(PeerStream stream) throws IOException {
        PageSet taken = sink.take();
        long before = looked;
        long page = taken.next(0);
        while (page >= 0) {
            if (batch.roomPages() == 0) {
                flush(stream);
            }
            int count = taken.run(page, Math.min(Pages.PAGES_PER_BLOCK, batch.roomPages()));
            MemorySegment room = batch.room();
            long roomAt = batch.position();
            volume.read(page, count, room);
            for (int i = 0; i < count; i++) {
                examine(page + i, room, (long) i * Pages.PAGE_BYTES, roomAt);
            }
            looked += count;
            page = taken.next(page + count);
        }
        flush(stream);
        return looked - before;
    }

    private void examine(long page, MemorySegment room, long offset, long roomAt) {
        if (PageHash.isZero(room, offset)) {
            if (holdsZero(page)) {
                unchanged++;
            } else {
                zeros++;
                table.putZero(page);
                batch.zero(page);
            }
            return;
        }
        HashValue128 hash = PageHash.of(room, offset);
        long high = hash.getMostSignificantBits();
        long low = hash.getLeastSignificantBits();
        if (table.holds(page, high, low)) {
            unchanged++;
        } else {
            table.put(page, high, low);
            batch.keep(page, room, offset, roomAt);
        }
    }

    private void flush(PeerStream stream) throws IOException {
        ByteKind kind = volume.kind() == VolumeKind.MEMORY ? ByteKind.MEMORY : ByteKind.DISK;
        batch.send(stream, index, kind, compressor);
    }

    /**
     * Reads all content again and counts the pages that are not what the sink was sent: the proof that no write was
     * missed. Of a paused guest, after its last round.
     */
    Recheck recheck() throws IOException {
        PageSet content = volume.content();
        long differing = 0;
        long first = -1;
        for (long page = content.next(0); page >= 0; page = content.next(page + 1)) {
            MemorySegment room = batch.room();
            volume.read(page, 1, room);
            if (!held(page, room)) {
                first = differing++ == 0 ? page : first;
            }
        }
        return new Recheck(index, kind(), content.count(), differing, first);
    }

    private boolean held(long page, MemorySegment room) {
        if (PageHash.isZero(room, 0)) {
            return holdsZero(page);
        }
        HashValue128 hash = PageHash.of(room, 0);
        return table.holds(page, hash.getMostSignificantBits(), hash.getLeastSignificantBits());
    }

    /** A fresh target's RAM is known to hold zero; its disk holds what the base image holds. */
    private boolean holdsZero(long page) {
        return table.holdsZero(page) || (volume.kind() == VolumeKind.MEMORY && !table.knows(page));
    }

    /** The sink has applied everything that was sent. */
    void applied() {
        sink.acknowledge(0, volume.pageCount());
    }

    @Override
    public void close() {
        volume.dirtySets().close(sink);
        compressor.close();
        table.close();
    }
}
