package dev.godwit.daemon;

import java.io.InputStream;

/**
 * A file of a guest on its way out. The content ends when it is whole and fails otherwise, so that a short one is never taken
 * for all.
 *
 * @param sizeBytes what the content has; {@link #UNKNOWN} where only its end tells
 */
public record GuestFile(InputStream content, long sizeBytes) {
    /** Files that the guest's kernel makes as they are read do not say their size. */
    public static final long UNKNOWN = -1;
}
