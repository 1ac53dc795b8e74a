package dev.godwit.net;

/**
 * How fast a VM may be sent to, or send. Packets wait: those to it are dropped when the wait is full, of those from it
 * none ever is, because the VM itself waits. The limit is lifted while the VM leaves, so that what waits comes through.
 *
 * @param bitsPerSecond 100 kbit/s to 100 Gbit/s
 */
public record RateLimit(long bitsPerSecond) {
    private static final long BITS_PER_SECOND_MIN = 100_000;
    public static final long BITS_PER_SECOND_MAX = 100_000_000_000L;
    /** A millisecond: small against what a connection has in flight. */
    private static final long BURST_SHARE_OF_SECOND = 1000;

    private static final long BURST_BYTES_MIN = 16 << 10;
    private static final long WAITING_BYTES_MIN = 1 << 20;
    /** Beyond half a second, waiting only hides a loss from TCP. */
    private static final long WAITING_SHARE_OF_SECOND = 2;

    private static final long WAITING_BYTES_MAX = 256 << 20;
    /** The longest frame that a guest sends: what is longer than the burst never passes. */
    private static final long SEND_BURST_BYTES_MIN = 68 << 10;
    /** 50 ms: longer than a busy VMM sleeps, short against what people wait. */
    private static final long SEND_BUFFER_SHARE_OF_SECOND = 20;
    /** One frame of any size and a wait that ends before the last is gone. */
    private static final long SEND_BUFFER_BYTES_MIN = 64 << 10;

    private static final long SEND_BUFFER_BYTES_MAX = 4 << 20;

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

    /** How much of what the VM sends may pass at once, in bytes. */
    long sendBurstBytes() {
        return Math.max(SEND_BURST_BYTES_MIN, burstBytes());
    }

    /** How much of what the VM sends may wait, in bytes of the kernel's memory. */
    int sendBufferBytes() {
        return (int) Math.clamp(
                bitsPerSecond / Byte.SIZE / SEND_BUFFER_SHARE_OF_SECOND, SEND_BUFFER_BYTES_MIN, SEND_BUFFER_BYTES_MAX);
    }
}
