package dev.godwit.replication;

import java.time.Duration;

/**
 * The end of a replication, verified by the sink.
 *
 * @param latePages pages that the last scan found after the device state was saved, and that were sent
 * @param pagesHeld pages of all volumes that the sink was sent and holds, by its own count
 * @param elapsed from the scan to the sink's answer
 */
public record SealReport(long latePages, long pagesHeld, Duration elapsed) {}
