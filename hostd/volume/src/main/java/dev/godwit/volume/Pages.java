package dev.godwit.volume;

/** Sizes every module agrees on: the page is the unit of change, wire and pause; the block is the unit of the map. */
public final class Pages {
    /** Bytes of a page. */
    public static final int PAGE_BYTES = 4096;
    /** Bytes of a block. */
    public static final int BLOCK_BYTES = 65536;
    /** Pages of a block. */
    public static final int PAGES_PER_BLOCK = BLOCK_BYTES / PAGE_BYTES;

    private Pages() {}

    /**
     * The number of pages of a volume.
     *
     * @param sizeBytes a positive multiple of {@link #PAGE_BYTES}
     */
    public static long pageCount(long sizeBytes) {
        if (sizeBytes <= 0 || sizeBytes % PAGE_BYTES != 0) {
            throw new IllegalArgumentException(
                    "volume size " + sizeBytes + " bytes is not a positive multiple of " + PAGE_BYTES);
        }
        return sizeBytes / PAGE_BYTES;
    }
}
