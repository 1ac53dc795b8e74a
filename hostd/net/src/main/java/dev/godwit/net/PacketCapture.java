package dev.godwit.net;

import dev.godwit.linux.PacketSocket;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.time.Instant;

/**
 * Frames of a device as a pcap file. Source: draft-ietf-opsawg-pcap (the form with nanoseconds, link type Ethernet).
 *
 * @param socket borrowed
 */
record PacketCapture(PacketSocket socket, CaptureLimit limit) {
    private static final int MAGIC_NANOSECONDS = 0xa1b23c4d;
    private static final short VERSION_MAJOR = 2;
    private static final short VERSION_MINOR = 4;
    private static final int LINK_TYPE_ETHERNET = 1;
    private static final int FILE_HEADER_BYTES = 24;
    private static final int FRAME_HEADER_BYTES = 16;
    /** How late an interrupt is seen. */
    private static final Duration LOOK_UP_EVERY = Duration.ofMillis(100);

    /** Writes until the limit is reached or the thread is interrupted, and gives the number of frames. */
    long writeTo(OutputStream to) throws IOException {
        ByteBuffer header = ByteBuffer.allocate(FILE_HEADER_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        header.putInt(MAGIC_NANOSECONDS)
                .putShort(VERSION_MAJOR)
                .putShort(VERSION_MINOR)
                .putLong(0)
                .putInt(limit.frameBytes())
                .putInt(LINK_TYPE_ETHERNET);
        to.write(header.array());
        to.flush();
        long frames = 0;
        long bytes = FILE_HEADER_BYTES;
        long deadline = System.nanoTime() + limit.time().toNanos();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment room = arena.allocate(HeldFrames.FRAME_BYTES_MAX);
            byte[] copy = new byte[FRAME_HEADER_BYTES + limit.frameBytes()];
            while (frames < limit.frames() && System.nanoTime() < deadline && !Thread.interrupted()) {
                int length = socket.receive(room);
                if (length < 0) {
                    to.flush();
                    socket.awaitFrame(LOOK_UP_EVERY);
                    continue;
                }
                int kept = Math.min(length, limit.frameBytes());
                if (bytes + FRAME_HEADER_BYTES + kept > limit.bytes()) {
                    break;
                }
                putHeader(copy, kept, length);
                MemorySegment.copy(room, ValueLayout.JAVA_BYTE, 0, copy, FRAME_HEADER_BYTES, kept);
                to.write(copy, 0, FRAME_HEADER_BYTES + kept);
                bytes += FRAME_HEADER_BYTES + kept;
                frames++;
            }
        }
        to.flush();
        return frames;
    }

    private void putHeader(byte[] copy, int kept, int length) throws IOException {
        Instant at = socket.receivedAt();
        ByteBuffer.wrap(copy)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt((int) at.getEpochSecond())
                .putInt(at.getNano())
                .putInt(kept)
                .putInt(length);
    }
}
