package dev.godwit.replication;

import dev.godwit.peer.PeerLimits;
import dev.godwit.volume.Pages;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * The payload of a frame of pages: {volume u16, encoding u8, reserved u8, runs u32, content bytes u32}, then the runs
 * {first page u64, count u32 with the top bit set for zeros}, then the content of all runs that are not zero, in order,
 * raw or as one zstd frame. Big endian.
 *
 * @param contentBytes before compression
 */
record PagesFrame(int volume, boolean compressed, int runs, int contentBytes) {
    static final int HEADER_BYTES = 12;
    static final int RUN_BYTES = 12;
    /** Runs of a frame: bounds its list; zeros between data make runs without content. */
    static final int RUNS_MAX = 1024;
    /** Pages of one run of zeros: bounds what one frame makes a target do. */
    static final int ZERO_RUN_PAGES_MAX = 16384;
    /** Content of a frame. */
    static final int CONTENT_BYTES_MAX = ReplicationLimits.BATCH_PAGES_MAX * Pages.PAGE_BYTES;

    private static final int ZERO_BIT = 0x80000000;

    /** One run of pages. */
    record Run(long first, int count, boolean zero) {
        void put(ByteBuffer into) {
            into.putLong(first).putInt(zero ? count | ZERO_BIT : count);
        }
    }

    static {
        if (HEADER_BYTES + RUNS_MAX * RUN_BYTES + CONTENT_BYTES_MAX > PeerLimits.PAYLOAD_BYTES_MAX) {
            throw new ExceptionInInitializerError("a full frame of pages is larger than a frame may be");
        }
    }

    void put(ByteBuffer into) {
        into.putShort((short) volume)
                .put((byte) (compressed ? 1 : 0))
                .put((byte) 0)
                .putInt(runs)
                .putInt(contentBytes);
    }

    /** Reads and checks the header; the runs follow. */
    static PagesFrame read(ByteBuffer payload) throws IOException {
        if (payload.remaining() < HEADER_BYTES) {
            throw new IOException("a frame of pages has " + payload.remaining() + " bytes, less than its header");
        }
        int volume = Short.toUnsignedInt(payload.getShort());
        int encoding = payload.get();
        int reserved = payload.get();
        int runs = payload.getInt();
        int contentBytes = payload.getInt();
        if (encoding < 0 || encoding > 1 || reserved != 0) {
            throw new IOException("a frame of pages has encoding " + encoding + ", reserved " + reserved);
        }
        if (runs < 1 || runs > RUNS_MAX || runs * RUN_BYTES > payload.remaining()) {
            throw new IOException("a frame of pages has " + runs + " runs, not 1 to " + RUNS_MAX);
        }
        if (contentBytes < 0 || contentBytes > CONTENT_BYTES_MAX || contentBytes % Pages.PAGE_BYTES != 0) {
            throw new IOException("a frame of pages has " + contentBytes + " content bytes, not whole pages up to "
                    + CONTENT_BYTES_MAX);
        }
        return new PagesFrame(volume, encoding == 1, runs, contentBytes);
    }

    /** Reads one run, checked against a volume of {@code pages}. */
    static Run readRun(ByteBuffer payload, long pages) throws IOException {
        long first = payload.getLong();
        int word = payload.getInt();
        boolean zero = word < 0;
        int count = word & ~ZERO_BIT;
        int most = zero ? ZERO_RUN_PAGES_MAX : ReplicationLimits.BATCH_PAGES_MAX;
        if (count < 1 || count > most || first < 0 || first > pages - count) {
            throw new IOException(
                    "a run of pages " + first + "+" + count + " is outside a volume of " + pages + " pages");
        }
        return new Run(first, count, zero);
    }
}
