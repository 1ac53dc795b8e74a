package dev.godwit.edge;

import java.io.IOException;

/**
 * Shuts the kernel for an edge's traffic when its lease ends, by itself: also when hostd is dead, frozen or slow.
 * Thread-safe.
 */
public interface LeaseGuard extends AutoCloseable {
    /**
     * Open until then.
     *
     * @param bootNanos a moment of CLOCK_BOOTTIME; in the past: shut at once
     */
    void openUntil(long bootNanos) throws IOException;

    /** Shut at once. */
    void shut() throws IOException;

    /** Leaves things as they are. */
    @Override
    void close();
}
