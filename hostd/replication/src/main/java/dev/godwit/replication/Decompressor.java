package dev.godwit.replication;

import com.github.luben.zstd.ZstdDecompressCtx;
import com.github.luben.zstd.ZstdException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;

/** Decompresses one frame's content at a time into memory of its own. One thread. */
final class Decompressor implements AutoCloseable {
    private final Arena arena = Arena.ofShared();
    private final MemorySegment plain = arena.allocate(PagesFrame.CONTENT_BYTES_MAX, 4096);
    private final ByteBuffer plainBuffer = plain.asByteBuffer();
    private final ZstdDecompressCtx zstd = new ZstdDecompressCtx();

    /**
     * The content, valid until the next call.
     *
     * @param compressed direct, all of it
     * @param bytes that must come out, at most {@link PagesFrame#CONTENT_BYTES_MAX}
     */
    MemorySegment decompress(ByteBuffer compressed, int bytes) throws IOException {
        int got;
        try {
            got = zstd.decompressDirectByteBuffer(plainBuffer, 0, bytes, compressed, 0, compressed.remaining());
        } catch (ZstdException e) {
            throw new IOException("pages can't be decompressed: " + e.getMessage(), e);
        }
        if (got != bytes) {
            throw new IOException("pages decompress to " + got + " bytes, not " + bytes);
        }
        return plain.asSlice(0, got);
    }

    @Override
    public void close() {
        zstd.close();
        arena.close();
    }
}
