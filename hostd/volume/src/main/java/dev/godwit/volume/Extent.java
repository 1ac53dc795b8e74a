package dev.godwit.volume;

/**
 * A range of a volume that is of one sort.
 *
 * @param offset first byte
 * @param lengthBytes its length
 * @param zero whether it is known to read as zeros and to take no space; data may be zero too
 */
public record Extent(long offset, long lengthBytes, boolean zero) {
    /** Checks the range. */
    public Extent {
        if (offset < 0 || lengthBytes <= 0) {
            throw new IllegalArgumentException(
                    "extent " + offset + "+" + lengthBytes + " is not a range of at least one byte");
        }
    }

    /** The first byte behind it. */
    public long end() {
        return offset + lengthBytes;
    }
}
