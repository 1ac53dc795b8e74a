package dev.godwit.volume;

/**
 * When a map's journal is written anew, and how the new name of it gets to the medium.
 *
 * @param bytesMin a journal of at most this length stays as it is
 * @param growth rewritten when it has grown to more than this many times its compact size
 * @param folder opens the folder that the journal lies in
 */
record JournalRewrite(long bytesMin, int growth, MapFolder.Opening folder) {
    /** A journal below this is not worth rewriting: it is read in milliseconds. */
    private static final long BYTES_MIN = 1 << 20;
    /** So that rewriting stays a small part of writing. */
    private static final int GROWTH = 4;

    JournalRewrite {
        if (bytesMin < 0 || growth < 0) {
            throw new IllegalArgumentException(
                    "a journal is rewritten above " + bytesMin + " bytes and " + growth + " times: neither may be < 0");
        }
    }

    /** What production uses. */
    static JournalRewrite standard() {
        return new JournalRewrite(BYTES_MIN, GROWTH, MapFolder::open);
    }

    /** The length above which a journal that is {@code compactBytes} long now is rewritten. */
    long above(long compactBytes) {
        return Math.max(bytesMin, growth * compactBytes);
    }
}
