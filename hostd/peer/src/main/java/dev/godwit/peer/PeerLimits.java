package dev.godwit.peer;

import java.time.Duration;

/**
 * Bounds of time and memory of the wire.
 *
 * @param windowBytes frames sent and not yet applied, a stream; memory for sending again is exactly this
 * @param heartbeatEvery each side says something at least so often, so that silence means a dead path
 * @param silenceAfter a connection that says nothing for so long is closed; several heartbeats, or one late one ends it
 * @param connectTimeout one attempt to connect, and the first words on a new connection
 * @param backoffFirst the wait before the second attempt; doubles
 * @param backoffMax the longest wait between attempts
 * @param abandonAfter a stream without a connection for so long is over, on both ends
 * @param stallAfter a stream whose receiver applies nothing for so long, though connected, is over
 * @param answersKeptFor how long a call's answer is remembered for a repeat
 */
public record PeerLimits(
        int windowBytes,
        Duration heartbeatEvery,
        Duration silenceAfter,
        Duration connectTimeout,
        Duration backoffFirst,
        Duration backoffMax,
        Duration abandonAfter,
        Duration stallAfter,
        Duration answersKeptFor) {
    /** The largest payload of a frame: bounds what a peer can make us hold for one frame. */
    public static final int PAYLOAD_BYTES_MAX = 1 << 20;
    /** The largest answer to a stream request: answers are kept until the sender has them. */
    public static final int REPLY_BYTES_MAX = 16 << 10;
    /** Kernel buffers of a socket: 4 MiB carried 2.6 times what the default did. */
    public static final int SOCKET_BUFFER_BYTES = 4 << 20;

    /** Checks the ranges. */
    public PeerLimits {
        int least = 2 * (PAYLOAD_BYTES_MAX + Frame.HEADER_BYTES);
        if (windowBytes < least) {
            throw new IllegalArgumentException(
                    "window " + windowBytes + " bytes is below " + least + ": two of the largest frames");
        }
        positive("heartbeat", heartbeatEvery);
        positive("connect time-out", connectTimeout);
        positive("first back-off", backoffFirst);
        positive("stall time-out", stallAfter);
        positive("time answers are kept", answersKeptFor);
        atLeast("silence time-out", silenceAfter, heartbeatEvery.multipliedBy(2));
        atLeast("longest back-off", backoffMax, backoffFirst);
        atLeast("abandon time-out", abandonAfter, silenceAfter);
    }

    /** What production uses. */
    public static PeerLimits standard() {
        return new PeerLimits(
                16 << 20,
                Duration.ofMillis(500),
                Duration.ofSeconds(3),
                Duration.ofSeconds(3),
                Duration.ofMillis(50),
                Duration.ofSeconds(1),
                Duration.ofSeconds(60),
                Duration.ofSeconds(30),
                Duration.ofMinutes(10));
    }

    private static void positive(String name, Duration value) {
        atLeast(name, value, Duration.ofMillis(1));
    }

    private static void atLeast(String name, Duration value, Duration least) {
        if (value.compareTo(least) < 0) {
            throw new IllegalArgumentException(name + " " + value + " is below " + least);
        }
    }
}
