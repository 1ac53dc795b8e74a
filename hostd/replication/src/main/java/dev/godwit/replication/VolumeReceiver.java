package dev.godwit.replication;

import com.dynatrace.hash4j.hashing.HashValue128;
import dev.godwit.volume.Pages;
import dev.godwit.volume.TargetVolume;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.concurrent.atomic.AtomicLong;

/** Applies pages to one volume and keeps what it was given. One thread. */
final class VolumeReceiver implements AutoCloseable {
    private final TargetVolume volume;
    private final PageTable table;
    private final AtomicLong applied = new AtomicLong();

    VolumeReceiver(TargetVolume volume) {
        this.volume = volume;
        this.table = new PageTable(volume.pageCount());
    }

    TargetVolume volume() {
        return volume;
    }

    PageTable.Digest digest() {
        return table.digest();
    }

    /** Pages written or made zero, repeats counted. */
    long applied() {
        return applied.get();
    }

    /**
     * Applies the runs of one frame.
     *
     * @param runs positioned at the first run
     * @param content exactly the content of the runs that are not zero
     */
    void apply(int runCount, ByteBuffer runs, MemorySegment content) throws IOException {
        long at = 0;
        long pages = 0;
        for (int i = 0; i < runCount; i++) {
            PagesFrame.Run run = PagesFrame.readRun(runs, volume.pageCount());
            if (run.zero()) {
                volume.zero(run.first(), run.count());
                for (int p = 0; p < run.count(); p++) {
                    table.putZero(run.first() + p);
                }
            } else {
                long bytes = (long) run.count() * Pages.PAGE_BYTES;
                if (at + bytes > content.byteSize()) {
                    throw new IOException("a frame's runs have more pages than its " + content.byteSize() + " bytes");
                }
                write(run, content.asSlice(at, bytes));
                at += bytes;
            }
            pages += run.count();
        }
        if (at != content.byteSize()) {
            throw new IOException(
                    "a frame's runs have " + at + " bytes of pages, its content " + content.byteSize() + " bytes");
        }
        applied.addAndGet(pages);
    }

    private void write(PagesFrame.Run run, MemorySegment content) throws IOException {
        volume.write(run.first(), run.count(), content);
        for (int p = 0; p < run.count(); p++) {
            HashValue128 hash = PageHash.of(content, (long) p * Pages.PAGE_BYTES);
            table.put(run.first() + p, hash.getMostSignificantBits(), hash.getLeastSignificantBits());
        }
    }

    /** Gives the table's memory back; what was counted and {@link #digest} stay. */
    @Override
    public void close() {
        table.close();
    }
}
