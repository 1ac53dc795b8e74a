package dev.godwit.api;

import org.jspecify.annotations.Nullable;

/**
 * Packets of one kind that a host has counted since its data plane was made.
 *
 * @param what of dropped ones the reason, such as {@code policy}; of passed ones the way, such as {@code held}
 * @param direction of dropped ones; null of passed ones
 * @param packets a large segment that the card would cut counts as one
 * @param bytes with Ethernet headers
 */
public record TrafficCount(String what, @Nullable TrafficDirection direction, long packets, long bytes) {
    public TrafficCount {
        Require.reference("what", what);
        Require.notNegative("packets", packets);
        Require.notNegative("bytes", bytes);
    }
}
