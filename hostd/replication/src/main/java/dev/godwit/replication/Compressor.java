package dev.godwit.replication;

import com.github.luben.zstd.Zstd;
import com.github.luben.zstd.ZstdCompressCtx;
import com.github.luben.zstd.ZstdException;
import java.nio.ByteBuffer;

/**
 * Zstd level 1 by sampling: a batch is tried, and while it does not pay, more and more batches go raw before the next
 * try. One thread.
 */
final class Compressor implements AutoCloseable {
    private static final int LEVEL = 1;
    /** Below this gain the target's work costs more than the bytes. */
    private static final double PAYS_BELOW = 0.9;
    /** Batches sent raw between tries, at most: at 256 KiB a batch, data that turns compressible is seen after 8 MiB. */
    private static final int SKIP_MAX = 32;

    private final ZstdCompressCtx zstd = new ZstdCompressCtx().setLevel(LEVEL).setContentSize(true);
    private int skip;
    private int skipNext = 1;

    /**
     * Compresses {@code from} to {@code into} at its position if a try is due and pays.
     *
     * @param from direct, the content from 0 on
     * @param bytes of content
     * @param into direct, with room for at least {@code bytes}
     * @return bytes written, or -1: send it raw
     */
    int compress(ByteBuffer from, int bytes, ByteBuffer into) {
        if (skip > 0) {
            skip--;
            return -1;
        }
        int room = (int) (bytes * PAYS_BELOW);
        int written;
        try {
            written = zstd.compressDirectByteBuffer(into, into.position(), room, from, 0, bytes);
        } catch (ZstdException e) {
            if (e.getErrorCode() != Zstd.errDstSizeTooSmall()) {
                throw e;
            }
            skip = skipNext;
            skipNext = Math.min(SKIP_MAX, skipNext * 2);
            return -1;
        }
        skipNext = 1;
        into.position(into.position() + written);
        return written;
    }

    @Override
    public void close() {
        zstd.close();
    }
}
