package dev.godwit.net;

/**
 * How fast a VM may be sent to. Packets wait, none is dropped until the wait is full; the limit is lifted while the VM
 * leaves, so that what waits comes through.
 *
 * @param bitsPerSecond 100 kbit/s to 100 Gbit/s
 */
public record RateLimit(long bitsPerSecond) {
    private static final long BITS_PER_SECOND_MIN = 100_000;
    private static final long BITS_PER_SECOND_MAX = 100_000_000_000L;
    /** A millisecond: small against what a connection has in flight. */
    private static final long BURST_SHARE_OF_SECOND = 1000;

    private static final long BURST_BYTES_MIN = 16 << 10;
    private static final long WAITING_BYTES_MIN = 1 << 20;
    /** Beyond half a second, waiting only hides a loss from TCP. */
    private static final long WAITING_SHARE_OF_SECOND = 2;

    private static final long WAITING_BYTES_MAX = 256 << 20;

    public RateLimit {
        if (bitsPerSecond < BITS_PER_SECOND_MIN || bitsPerSecond > BITS_PER_SECOND_MAX) {
            throw new IllegalArgumentException("rate " + bitsPerSecond + " bit/s is not between " + BITS_PER_SECOND_MIN
                    + " and " + BITS_PER_SECOND_MAX);
        }
    }

    /** What no VM reaches: lets go what waits. */
    static RateLimit lifted() {
        return new RateLimit(BITS_PER_SECOND_MAX);
    }

    /** How much may pass at once, in bytes. */
    long burstBytes() {
        return Math.max(BURST_BYTES_MIN, bitsPerSecond / Byte.SIZE / BURST_SHARE_OF_SECOND);
    }

    /** How much may wait, in bytes. */
    long waitingBytesMax() {
        return Math.clamp(bitsPerSecond / Byte.SIZE / WAITING_SHARE_OF_SECOND, WAITING_BYTES_MIN, WAITING_BYTES_MAX);
    }
}
