package dev.godwit.replication;

import java.time.Duration;

/**
 * The end of a replication, verified by the sink.
 *
 * @param touchedPages pages that the last scan found, all of them as the sink holds them: one that is not fails the seal
 * @param pagesHeld pages of all volumes that the sink was sent and holds, by its own count
 * @param elapsed from the scan to the sink's answer
 */
public record SealReport(long touchedPages, long pagesHeld, Duration elapsed) {}
