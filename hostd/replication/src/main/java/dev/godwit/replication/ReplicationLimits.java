package dev.godwit.replication;

import dev.godwit.volume.Pages;
import java.time.Duration;

/**
 * Bounds of the source's work.
 *
 * @param batchPages pages that are copied, compressed and framed together; two batches of staging are held
 * @param answerTimeout how long the sink may take to flush and answer the digests
 * @param durableTimeout how long the sink's disks may take, at the end of a round, to bring it to their medium
 */
public record ReplicationLimits(int batchPages, Duration answerTimeout, Duration durableTimeout) {
    /** The largest batch: 240 pages and their run list fit one frame even when they don't compress. */
    public static final int BATCH_PAGES_MAX = 240;

    /** Checks the ranges. */
    public ReplicationLimits {
        if (batchPages < Pages.PAGES_PER_BLOCK || batchPages > BATCH_PAGES_MAX) {
            throw new IllegalArgumentException("batch of " + batchPages + " pages is not between "
                    + Pages.PAGES_PER_BLOCK + " and " + BATCH_PAGES_MAX);
        }
        positive("answer", answerTimeout);
        positive("durable", durableTimeout);
    }

    /** What production uses. */
    public static ReplicationLimits standard() {
        // 10 minutes: a slow disk of 50 MB/s takes in 30 GB.
        return new ReplicationLimits(64, Duration.ofSeconds(20), Duration.ofMinutes(10));
    }

    private static void positive(String name, Duration timeout) {
        if (timeout.isNegative() || timeout.isZero()) {
            throw new IllegalArgumentException(name + " time-out " + timeout + " is not positive");
        }
    }
}
