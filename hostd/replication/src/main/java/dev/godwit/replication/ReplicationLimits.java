package dev.godwit.replication;

import dev.godwit.volume.Pages;
import java.time.Duration;

/**
 * Bounds of the source's work.
 *
 * @param batchPages pages that are copied, compressed and framed together; two batches of staging are held
 * @param answerTimeout how long the sink may take to flush and answer the digests
 */
public record ReplicationLimits(int batchPages, Duration answerTimeout) {
    /** The largest batch: 240 pages and their run list fit one frame even when they don't compress. */
    public static final int BATCH_PAGES_MAX = 240;

    /** Checks the ranges. */
    public ReplicationLimits {
        if (batchPages < Pages.PAGES_PER_BLOCK || batchPages > BATCH_PAGES_MAX) {
            throw new IllegalArgumentException("batch of " + batchPages + " pages is not between "
                    + Pages.PAGES_PER_BLOCK + " and " + BATCH_PAGES_MAX);
        }
        if (answerTimeout.isNegative() || answerTimeout.isZero()) {
            throw new IllegalArgumentException("answer time-out " + answerTimeout + " is not positive");
        }
    }

    /** What production uses. */
    public static ReplicationLimits standard() {
        return new ReplicationLimits(64, Duration.ofSeconds(20));
    }
}
