package dev.godwit.replication;

import dev.godwit.volume.DirtySets;
import dev.godwit.volume.PageSet;
import dev.godwit.volume.Pages;
import dev.godwit.volume.SourceVolume;
import dev.godwit.volume.TargetVolume;
import dev.godwit.volume.VolumeKind;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A volume in memory, source and target in one. Like guest RAM it tracks writes by itself and gives them away at a scan;
 * a write that falls between a scan and a copy is dirty again at the next scan.
 */
class MemoryVolume implements SourceVolume, TargetVolume {
    private final VolumeKind kind;
    private final long pages;
    private final MemorySegment bytes;
    private final DirtySets sets;
    private final PageSet written;
    private final PageSet content;
    final AtomicLong flushes = new AtomicLong();

    MemoryVolume(VolumeKind kind, long pages) {
        this(kind, Arena.ofAuto().allocate(pages * Pages.PAGE_BYTES, Pages.PAGE_BYTES));
    }

    /** Over memory that is given: a mapped sparse file is a sparse volume. */
    MemoryVolume(VolumeKind kind, MemorySegment bytes) {
        this.kind = kind;
        this.pages = Pages.pageCount(bytes.byteSize());
        this.bytes = bytes;
        this.sets = new DirtySets(pages);
        this.written = new PageSet(pages);
        this.content = new PageSet(pages);
    }

    /** A guest's write of 8 bytes: the write lands before it is marked. */
    void poke(long page, int word, long value) {
        bytes.set(ValueLayout.JAVA_LONG, page * Pages.PAGE_BYTES + word * 8L, value);
        content.add(page, 1);
        written.add(page, 1);
    }

    /** A guest's write of a whole page. */
    void put(long page, byte[] whole) {
        MemorySegment.copy(
                MemorySegment.ofArray(whole), 0, bytes, page * Pages.PAGE_BYTES, Math.min(whole.length, 4096));
        content.add(page, 1);
        written.add(page, 1);
    }

    /** A guest makes a page zero. */
    void clear(long page) {
        bytes.asSlice(page * Pages.PAGE_BYTES, Pages.PAGE_BYTES).fill((byte) 0);
        content.add(page, 1);
        written.add(page, 1);
    }

    /** What tracking must never do: the writes of {@code writes} leave no trace. */
    void forgetWrites(Runnable writes) {
        writes.run();
        written.drain();
    }

    boolean differsAt(long page, MemoryVolume other) {
        long at = page * Pages.PAGE_BYTES;
        return bytes.asSlice(at, Pages.PAGE_BYTES).mismatch(other.bytes.asSlice(at, Pages.PAGE_BYTES)) >= 0;
    }

    /** The first page that differs, or -1. */
    long difference(MemoryVolume other) {
        long at = bytes.mismatch(other.bytes);
        return at < 0 ? -1 : at / Pages.PAGE_BYTES;
    }

    @Override
    public VolumeKind kind() {
        return kind;
    }

    @Override
    public long pageCount() {
        return pages;
    }

    @Override
    public DirtySets dirtySets() {
        return sets;
    }

    @Override
    public synchronized void scan() {
        sets.mark(written.drain());
    }

    @Override
    public PageSet content() {
        return content.copy();
    }

    @Override
    public void read(long firstPage, int count, MemorySegment into) {
        MemorySegment.copy(bytes, firstPage * Pages.PAGE_BYTES, into, 0, (long) count * Pages.PAGE_BYTES);
    }

    @Override
    public void write(long firstPage, int count, MemorySegment from) throws IOException {
        MemorySegment.copy(from, 0, bytes, firstPage * Pages.PAGE_BYTES, (long) count * Pages.PAGE_BYTES);
    }

    @Override
    public void zero(long firstPage, int count) {
        bytes.asSlice(firstPage * Pages.PAGE_BYTES, (long) count * Pages.PAGE_BYTES)
                .fill((byte) 0);
    }

    @Override
    public void flush() {
        flushes.incrementAndGet();
    }
}
