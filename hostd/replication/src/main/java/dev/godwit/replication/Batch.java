package dev.godwit.replication;

import dev.godwit.peer.ByteKind;
import dev.godwit.peer.FrameSlot;
import dev.godwit.peer.PeerStream;
import dev.godwit.volume.Pages;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/** Staging of one frame of pages: content copied from a volume, and the list of its runs. One thread. */
final class Batch {
    private final int capacityBytes;
    private final MemorySegment staging;
    private final ByteBuffer content;
    private final List<PagesFrame.Run> runs = new ArrayList<>();
    private int contentBytes;

    Batch(int pages) {
        this.capacityBytes = pages * Pages.PAGE_BYTES;
        this.staging = Arena.ofAuto().allocate(capacityBytes, Pages.PAGE_BYTES);
        this.content = staging.asByteBuffer();
    }

    /** Pages that still fit. */
    int roomPages() {
        return runs.size() + Pages.PAGES_PER_BLOCK > PagesFrame.RUNS_MAX
                ? 0
                : (capacityBytes - contentBytes) / Pages.PAGE_BYTES;
    }

    /** Where the next pages are copied to, {@link #roomPages} of them. */
    MemorySegment room() {
        return staging.asSlice(contentBytes);
    }

    /** Keeps a page that was copied to {@code offset} of {@link #room}. */
    void keep(long page, MemorySegment room, long offset, long roomAt) {
        long to = contentBytes - roomAt;
        if (to != offset) {
            MemorySegment.copy(room, offset, room, to, Pages.PAGE_BYTES);
        }
        contentBytes += Pages.PAGE_BYTES;
        append(page, false, ReplicationLimits.BATCH_PAGES_MAX);
    }

    /** Where {@link #room} begins now. */
    long position() {
        return contentBytes;
    }

    void zero(long page) {
        append(page, true, PagesFrame.ZERO_RUN_PAGES_MAX);
    }

    private void append(long page, boolean zero, int countMax) {
        if (!runs.isEmpty()) {
            PagesFrame.Run last = runs.getLast();
            if (last.zero() == zero && last.first() + last.count() == page && last.count() < countMax) {
                runs.set(runs.size() - 1, new PagesFrame.Run(last.first(), last.count() + 1, zero));
                return;
            }
        }
        runs.add(new PagesFrame.Run(page, 1, zero));
    }

    /** Sends what is here as one frame, and is empty again. */
    void send(PeerStream stream, int volume, ByteKind kind, Compressor compressor) throws IOException {
        if (runs.isEmpty()) {
            return;
        }
        int listBytes = PagesFrame.HEADER_BYTES + runs.size() * PagesFrame.RUN_BYTES;
        try (FrameSlot slot = stream.reserve(listBytes + contentBytes)) {
            ByteBuffer payload = slot.payload();
            payload.position(listBytes);
            boolean compressed = contentBytes > 0 && compressor.compress(content, contentBytes, payload) >= 0;
            if (!compressed) {
                payload.put(listBytes, content, 0, contentBytes);
                payload.position(listBytes + contentBytes);
            }
            int end = payload.position();
            payload.position(0);
            new PagesFrame(volume, compressed, runs.size(), contentBytes).put(payload);
            runs.forEach(run -> run.put(payload));
            payload.position(end);
            slot.send(FrameType.PAGES, kind);
        }
        runs.clear();
        contentBytes = 0;
    }
}
