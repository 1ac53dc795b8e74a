package dev.godwit.net;

import java.util.ArrayList;
import java.util.List;

/**
 * Frames taken out of a tap's queue, oldest first: a {@code virtio_net_hdr} of {@link #HEADER_BYTES} bytes, then the
 * Ethernet frame. They can go over the wire as they are: the header's form is fixed by virtio, little-endian.
 *
 * @param frames each of 24 to 70,000 bytes
 */
public record HeldFrames(List<byte[]> frames) {
    /** Bytes of the header before each frame. */
    public static final int HEADER_BYTES = 10;
    /** Header and the two addresses and type of Ethernet. */
    public static final int FRAME_BYTES_MIN = HEADER_BYTES + 14;
    /** A segmented packet of 64 KiB with all its headers. */
    public static final int FRAME_BYTES_MAX = 70_000;

    public HeldFrames {
        frames = List.copyOf(frames);
        for (byte[] frame : frames) {
            if (frame.length < FRAME_BYTES_MIN || frame.length > FRAME_BYTES_MAX) {
                throw new IllegalArgumentException("a held frame has " + frame.length + " bytes, not " + FRAME_BYTES_MIN
                        + " to " + FRAME_BYTES_MAX);
            }
        }
    }

    /** No frames. */
    public static HeldFrames none() {
        return new HeldFrames(List.of());
    }

    /** How many. */
    public int count() {
        return frames.size();
    }

    /** Bytes of all, headers included. */
    public long bytes() {
        return frames.stream().mapToLong(frame -> frame.length).sum();
    }

    /** These, then those. */
    public HeldFrames then(HeldFrames later) {
        List<byte[]> all = new ArrayList<>(frames);
        all.addAll(later.frames);
        return new HeldFrames(all);
    }
}
