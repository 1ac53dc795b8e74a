package dev.godwit.api;

import org.jspecify.annotations.Nullable;

/**
 * What a VM may send and get; what is more is delayed, and dropped only when a queue is full.
 *
 * @param outBitsPerSecond from the VM, 100,000 to 1,000,000,000,000; null: as much as it can. A host whose kernel can't
 *     hold a VM to it refuses it
 * @param inBitsPerSecond to the VM, alike
 */
public record TrafficRate(
        @Nullable Long outBitsPerSecond, @Nullable Long inBitsPerSecond) {
    /** Below it a single large segment waits for seconds. */
    public static final long BITS_PER_SECOND_MIN = 100_000;

    public static final long BITS_PER_SECOND_MAX = 1_000_000_000_000L;

    public TrafficRate {
        requireRate("outBitsPerSecond", outBitsPerSecond);
        requireRate("inBitsPerSecond", inBitsPerSecond);
    }

    private static void requireRate(String what, @Nullable Long rate) {
        if (rate != null) {
            Require.between(what, rate, BITS_PER_SECOND_MIN, BITS_PER_SECOND_MAX);
        }
    }
}
