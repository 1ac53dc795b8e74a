package dev.godwit.volume;

import static dev.godwit.volume.Pages.BLOCK_BYTES;

import dev.godwit.linux.SparseFile;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * The lowest layer of a disk: an immutable raw file, shared by all volumes made from it. Whatever a volume holds beyond
 * the end of its base reads as zeros. It is read by {@code pread}, not through a mapping: an error of the medium is an
 * error of the request then, not a signal.
 *
 * <p>Thread-safe but for {@link #close}, which comes after the last volume over it is closed.
 */
public final class BaseImage implements AutoCloseable {
    /** Longest digest: the map's header has room for it. */
    static final int DIGEST_CHARS_MAX = 128;

    private final String digest;
    private final @Nullable LayerFile layer;
    private final long sizeBytes;
    private final PageSet dataBlocks;

    private BaseImage(String digest, @Nullable LayerFile layer, long sizeBytes, PageSet dataBlocks) {
        this.digest = digest;
        this.layer = layer;
        this.sizeBytes = sizeBytes;
        this.dataBlocks = dataBlocks;
    }

    /**
     * Opens a raw image file.
     *
     * @param digest what names the content, at most 128 ASCII characters: {@code sha256:9f86...}; it is trusted here and
     *     compared with the one that each overlay was made for
     * @throws VolumeRefused the file is empty
     */
    public static BaseImage open(Path path, String digest) throws IOException {
        checkDigest(digest);
        SparseFile file = SparseFile.openReadOnly(path);
        try {
            long sizeBytes = file.sizeBytes();
            if (sizeBytes == 0) {
                throw new VolumeRefused(path, "the base image is empty; build or push the image again");
            }
            return new BaseImage(digest, LayerFile.of(file), sizeBytes, dataBlocks(file, sizeBytes));
        } catch (IOException | RuntimeException failed) {
            file.close();
            throw failed;
        }
    }

    /** The base of a volume that starts as zeros. */
    public static BaseImage empty() {
        return new BaseImage("empty", null, 0, new PageSet(1));
    }

    /** What names the content. */
    public String digest() {
        return digest;
    }

    /** The length of the file in bytes. */
    public long sizeBytes() {
        return sizeBytes;
    }

    /** Copies bytes; beyond the end they are zero. */
    void read(long offset, MemorySegment into) throws IOException {
        long here = within(offset, into.byteSize());
        if (layer != null && here > 0) {
            layer.file().read(offset, into.asSlice(0, here));
        }
        into.asSlice(here).fill((byte) 0);
    }

    /** Copies bytes if that needs no wait for the medium; else {@code into} may hold a part. */
    boolean readNow(long offset, MemorySegment into) throws IOException {
        long here = within(offset, into.byteSize());
        if (layer != null && here > 0 && !layer.readNow(offset, into.asSlice(0, here))) {
            return false;
        }
        into.asSlice(here).fill((byte) 0);
        return true;
    }

    /** Asks the medium for a range that will be read soon. */
    void willNeed(long offset, long lengthBytes) throws IOException {
        long here = within(offset, lengthBytes);
        if (layer != null && here > 0) {
            layer.willNeed(offset, here);
        }
    }

    /** Writes a part of a block of the base to the same place of a file. */
    void copyTo(SparseFile file, long offset, long lengthBytes) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment copy = arena.allocate(lengthBytes, Pages.PAGE_BYTES);
            read(offset, copy);
            file.write(offset, copy);
        }
    }

    /** Whether a block is known to be zero: it lies in a hole or beyond the end. */
    boolean isZero(long block) {
        return block >= dataBlocks.pages() || !dataBlocks.contains(block);
    }

    @Override
    public void close() {
        if (layer != null) {
            layer.file().close();
        }
    }

    private long within(long offset, long lengthBytes) {
        return Math.clamp(sizeBytes - offset, 0, lengthBytes);
    }

    static void checkDigest(String digest) {
        if (digest.isEmpty()
                || digest.length() > DIGEST_CHARS_MAX
                || !digest.chars().allMatch(c -> c > 32 && c < 127)) {
            throw new IllegalArgumentException(
                    "base digest \"" + digest + "\" is not 1 to " + DIGEST_CHARS_MAX + " printable ASCII characters");
        }
    }

    private static PageSet dataBlocks(SparseFile file, long sizeBytes) throws IOException {
        PageSet data = new PageSet(Math.ceilDiv(sizeBytes, BLOCK_BYTES));
        for (long at = file.nextData(0); at >= 0 && at < sizeBytes; at = file.nextData(at)) {
            long end = file.nextHole(at);
            data.add(at / BLOCK_BYTES, (end - 1) / BLOCK_BYTES - at / BLOCK_BYTES + 1);
            at = end;
        }
        return data;
    }
}
