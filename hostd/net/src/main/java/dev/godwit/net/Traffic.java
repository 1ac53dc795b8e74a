package dev.godwit.net;

/**
 * Packets and bytes (with Ethernet headers; a large segment that the card would cut counts as one packet).
 *
 * @param packets from the start of the counters
 * @param bytes from the start of the counters
 */
public record Traffic(long packets, long bytes) {
    public static final Traffic NONE = new Traffic(0, 0);

    Traffic plus(Traffic other) {
        return new Traffic(packets + other.packets, bytes + other.bytes);
    }
}
