package dev.godwit.volume;

import dev.godwit.linux.SparseFile;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;

/** Writes many journal records in few system calls. */
final class JournalWriter {
    /** 64 KiB of records a call. */
    private static final int BUFFER_BYTES = 65536 / MapJournal.RECORD_BYTES * MapJournal.RECORD_BYTES;

    private final SparseFile file;
    private final long salt;
    private final MemorySegment memory;
    private final ByteBuffer buffer;
    private long written;

    JournalWriter(SparseFile file, long salt, long start, Arena arena) {
        this.file = file;
        this.salt = salt;
        this.written = start;
        this.memory = arena.allocate(BUFFER_BYTES, 8);
        this.buffer = memory.asByteBuffer();
    }

    long end() {
        return written + buffer.position();
    }

    /** A record for each run of blocks. */
    void runs(PageSet blocks) throws IOException {
        for (long first = blocks.next(0); first >= 0; ) {
            int count = blocks.run(first, Integer.MAX_VALUE);
            record(MapJournal.MAPPED, first, count);
            first = blocks.next(first + count);
        }
    }

    void record(int kind, long first, long count) throws IOException {
        MapJournal.encode(buffer, salt, end(), kind, first, count);
        buffer.position(buffer.position() + MapJournal.RECORD_BYTES);
        if (!buffer.hasRemaining()) {
            finish();
        }
    }

    void finish() throws IOException {
        file.write(written, memory.asSlice(0, buffer.position()));
        written += buffer.position();
        buffer.clear();
    }
}
