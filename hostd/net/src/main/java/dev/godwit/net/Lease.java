package dev.godwit.net;

import java.io.IOException;
import java.time.Duration;

/**
 * Until when this host's VMs may speak. Stands in the kernel, so that it ends when it ends, hostd alive or not.
 * Thread-safe.
 */
public final class Lease {
    /**
     * Lets VMs speak until then.
     *
     * @param sinceBoot CLOCK_BOOTTIME
     */
    public void until(Duration sinceBoot) throws IOException {
        throw new UnsupportedOperationException();
    }

    /** VMs are silent at once: how the maps are made. */
    public void close() throws IOException {
        throw new UnsupportedOperationException();
    }

    /** VMs may speak without an end: for a host that is alone. */
    public void forever() throws IOException {
        throw new UnsupportedOperationException();
    }

    /** CLOCK_BOOTTIME of the end; zero: closed. */
    public Duration end() throws IOException {
        throw new UnsupportedOperationException();
    }
}
