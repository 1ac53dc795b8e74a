package dev.godwit.daemon;

import dev.godwit.linux.SparseFile;
import dev.godwit.volume.DirtySets;
import dev.godwit.volume.PageSet;
import dev.godwit.volume.Pages;
import dev.godwit.volume.SourceVolume;
import dev.godwit.volume.TargetVolume;
import dev.godwit.volume.VolumeKind;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;

/**
 * A plain file as a volume: how an image's files travel by the one replication engine. The last page of a file whose
 * length is no multiple of a page is padded with zeros; the receiver cuts it to length.
 */
final class FileVolume implements SourceVolume, TargetVolume, AutoCloseable {
    private final SparseFile file;
    private final long pages;
    private final DirtySets dirtySets;

    private FileVolume(SparseFile file, long pages) {
        this.file = file;
        this.pages = pages;
        this.dirtySets = new DirtySets(pages);
    }

    /** A file to send. It must not change while it is sent. */
    static FileVolume toSend(Path path) throws IOException {
        SparseFile file = SparseFile.openReadOnly(path);
        return new FileVolume(file, pagesOf(file.sizeBytes()));
    }

    /** A file to receive into, made sparse and of whole pages. */
    static FileVolume toReceive(Path path, long sizeBytes) throws IOException {
        long pages = pagesOf(sizeBytes);
        return new FileVolume(SparseFile.create(path, pages * Pages.PAGE_BYTES), pages);
    }

    private static long pagesOf(long sizeBytes) {
        return Math.max(1, (sizeBytes + Pages.PAGE_BYTES - 1) / Pages.PAGE_BYTES);
    }

    /** Cuts what was received to its length. */
    void cutTo(long sizeBytes) throws IOException {
        file.resize(sizeBytes);
    }

    @Override
    public VolumeKind kind() {
        return VolumeKind.DISK;
    }

    @Override
    public long pageCount() {
        return pages;
    }

    @Override
    public DirtySets dirtySets() {
        return dirtySets;
    }

    @Override
    public void scan() {
        // Nothing writes to the file while it is sent.
    }

    @Override
    public PageSet content() throws IOException {
        PageSet content = new PageSet(pages);
        long data = file.nextData(0);
        while (data >= 0) {
            long hole = file.nextHole(data);
            long first = data / Pages.PAGE_BYTES;
            long end = Math.min(pages, (hole + Pages.PAGE_BYTES - 1) / Pages.PAGE_BYTES);
            content.add(first, end - first);
            data = file.nextData(hole);
        }
        return content;
    }

    @Override
    public void read(long firstPage, int count, MemorySegment into) throws IOException {
        long offset = firstPage * Pages.PAGE_BYTES;
        long wanted = (long) count * Pages.PAGE_BYTES;
        long there = Math.min(wanted, file.sizeBytes() - offset);
        file.read(offset, into.asSlice(0, there));
        into.asSlice(there, wanted - there).fill((byte) 0);
    }

    @Override
    public void write(long firstPage, int count, MemorySegment from) throws IOException {
        file.write(firstPage * Pages.PAGE_BYTES, from.asSlice(0, (long) count * Pages.PAGE_BYTES));
    }

    @Override
    public void zero(long firstPage, int count) throws IOException {
        file.punchHole(firstPage * Pages.PAGE_BYTES, (long) count * Pages.PAGE_BYTES);
    }

    @Override
    public void flush() throws IOException {
        file.fdatasync();
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}
