package dev.godwit.daemon;

import dev.godwit.fleet.FleetStoreException;
import java.io.IOException;
import java.util.OptionalLong;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes into the kernel until when this host's VMs may speak, so that it ends when it ends, hostd alive or not. A lease
 * that had ended is not taken up again before every ownership record was read: meanwhile another host may have taken a
 * VM over, and its copy here must not be heard once. Used by one thread.
 */
final class SpeakingLease {
    private static final Logger log = LoggerFactory.getLogger(SpeakingLease.class);

    /** The kernel's side. */
    interface Kernel {
        /** CLOCK_BOOTTIME nanoseconds of the end; {@link Long#MAX_VALUE} for none. */
        void until(long nanos) throws IOException;
    }

    /** Reads every record and silences what other hosts own. */
    interface Records {
        void readAll() throws FleetStoreException;
    }

    private final Supplier<OptionalLong> lease;
    private final Kernel kernel;
    private final Records records;
    private final LongSupplier nanos;
    private long written;
    private boolean ended = true;

    /**
     * @param lease until when this host may count on its lease; empty before it is known to the fleet
     * @param nanos CLOCK_BOOTTIME
     */
    SpeakingLease(Supplier<OptionalLong> lease, Kernel kernel, Records records, LongSupplier nanos) {
        this.lease = lease;
        this.kernel = kernel;
        this.records = records;
        this.nanos = nanos;
    }

    /** One look; called several times a second. */
    void look() {
        OptionalLong until = lease.get();
        long now = nanos.getAsLong();
        if (!ended && written != Long.MAX_VALUE && now - written >= 0) {
            ended = true;
            log.warn("the lease of this host has ended: its VMs compute and are not heard until it is renewed");
        }
        if (until.isEmpty() || until.getAsLong() == written && !ended || until.getAsLong() - now <= 0) {
            return;
        }
        try {
            if (ended) {
                records.readAll();
            }
            kernel.until(until.getAsLong());
            written = until.getAsLong();
            if (ended) {
                ended = false;
                log.info("the VMs of this host are heard");
            }
        } catch (IOException | FleetStoreException e) {
            log.warn("the lease of this host can't be written for its VMs: {}", e.getMessage());
        }
    }
}
