package dev.godwit.lab.warm;

import dev.godwit.vmm.GuestMemory;
import dev.godwit.volume.DirtySets;
import dev.godwit.volume.PageSet;
import dev.godwit.volume.Pages;
import dev.godwit.volume.VolumeKind;
import java.lang.foreign.MemorySegment;

/** A guest's RAM without a guest. For one thread. */
final class HeapMemory implements GuestMemory {
    private final byte[] bytes;
    private final PageSet present;

    HeapMemory(int pages) {
        this.bytes = new byte[pages * Pages.PAGE_BYTES];
        this.present = new PageSet(pages);
    }

    /** What a VMM does to its RAM before any state is loaded. */
    void touch(int page, int value) {
        java.util.Arrays.fill(bytes, page * Pages.PAGE_BYTES, (page + 1) * Pages.PAGE_BYTES, (byte) value);
        present.add(page, 1);
    }

    byte[] bytes() {
        return bytes;
    }

    @Override
    public String tracking() {
        return "none";
    }

    @Override
    public VolumeKind kind() {
        return VolumeKind.MEMORY;
    }

    @Override
    public long pageCount() {
        return present.pages();
    }

    @Override
    public DirtySets dirtySets() {
        throw new UnsupportedOperationException("nothing sends this memory anywhere");
    }

    @Override
    public void scan() {}

    @Override
    public PageSet content() {
        return present.copy();
    }

    @Override
    public void read(long firstPage, int count, MemorySegment into) {
        MemorySegment.copy(
                MemorySegment.ofArray(bytes), firstPage * Pages.PAGE_BYTES, into, 0, (long) count * Pages.PAGE_BYTES);
    }

    @Override
    public void write(long firstPage, int count, MemorySegment from) {
        MemorySegment.copy(
                from, 0, MemorySegment.ofArray(bytes), firstPage * Pages.PAGE_BYTES, (long) count * Pages.PAGE_BYTES);
        present.add(firstPage, count);
    }

    @Override
    public void zero(long firstPage, int count) {
        int from = (int) firstPage * Pages.PAGE_BYTES;
        java.util.Arrays.fill(bytes, from, from + count * Pages.PAGE_BYTES, (byte) 0);
    }

    @Override
    public void flush() {}

    @Override
    public void close() {}
}
