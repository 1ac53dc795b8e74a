package dev.godwit.net;

import dev.godwit.linux.BpfMap;
import java.io.IOException;
import java.time.Duration;

/**
 * Until when this host's VMs may speak. Stands in the kernel, so that it ends when it ends, hostd alive or not.
 * Thread-safe.
 */
public final class Lease {
    private static final long FOREVER = -1L;

    private final BpfMap lease;

    Lease(BpfMap lease) {
        this.lease = lease;
    }

    /**
     * Lets VMs speak until then.
     *
     * @param sinceBoot CLOCK_BOOTTIME
     */
    public void until(Duration sinceBoot) throws IOException {
        if (sinceBoot.isNegative()) {
            throw new IllegalArgumentException(
                    "the lease's end " + sinceBoot + " after the machine's start is negative");
        }
        write(sinceBoot.toNanos());
    }

    /** VMs are silent at once: how the maps are made. */
    public void close() throws IOException {
        write(0);
    }

    /** VMs may speak without an end: for a host that is alone. */
    public void forever() throws IOException {
        write(FOREVER);
    }

    /** CLOCK_BOOTTIME of the end; zero: closed; {@link Long#MAX_VALUE} nanoseconds: no end. */
    public Duration end() throws IOException {
        long nanos = Keys.read(lease.get(Keys.ZERO).orElseThrow()).getLong();
        return Duration.ofNanos(nanos < 0 ? Long.MAX_VALUE : nanos);
    }

    private void write(long nanos) throws IOException {
        lease.put(Keys.ZERO, Keys.buffer(Long.BYTES).putLong(nanos).array());
    }
}
