package dev.godwit.net;

import java.time.Duration;

/**
 * When a capture ends, and how much of each frame it keeps.
 *
 * @param frames 1 to 100 million
 * @param bytes of the file, 1 KiB to 64 GiB
 * @param time up to a day
 * @param frameBytes of each frame that are kept, 64 to 70,000
 */
public record CaptureLimit(long frames, long bytes, Duration time, int frameBytes) {
    private static final long FRAMES_MAX = 100_000_000;
    private static final long BYTES_MIN = 1 << 10;
    private static final long BYTES_MAX = 64L << 30;
    private static final Duration TIME_MAX = Duration.ofDays(1);
    private static final int FRAME_BYTES_MIN = 64;

    /** 100,000 frames, 64 MiB or a minute, whole frames. */
    public static final CaptureLimit USUAL =
            new CaptureLimit(100_000, 64L << 20, Duration.ofMinutes(1), HeldFrames.FRAME_BYTES_MAX);

    public CaptureLimit {
        if (frames < 1 || frames > FRAMES_MAX) {
            throw new IllegalArgumentException(frames + " frames are not between 1 and " + FRAMES_MAX);
        }
        if (bytes < BYTES_MIN || bytes > BYTES_MAX) {
            throw new IllegalArgumentException(bytes + " bytes are not between " + BYTES_MIN + " and " + BYTES_MAX);
        }
        if (!time.isPositive() || time.compareTo(TIME_MAX) > 0) {
            throw new IllegalArgumentException("a capture of " + time + " is not between 0 and a day");
        }
        if (frameBytes < FRAME_BYTES_MIN || frameBytes > HeldFrames.FRAME_BYTES_MAX) {
            throw new IllegalArgumentException(frameBytes + " bytes of a frame are not between " + FRAME_BYTES_MIN
                    + " and " + HeldFrames.FRAME_BYTES_MAX);
        }
    }
}
