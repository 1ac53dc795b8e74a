package dev.godwit.replication;

import dev.godwit.peer.Traffic;
import java.time.Duration;

/**
 * What one round did.
 *
 * @param round numbered from 1
 * @param memoryPages pages of RAM that were dirty and looked at
 * @param diskPages pages of disks that were dirty and looked at
 * @param unchangedPages of these, not sent because the sink holds the same bytes already
 * @param zeroPages of these, sent as zero
 * @param bytes handed to the socket during the round, by kind
 * @param dirtyAfter pages that the guest has dirtied meanwhile, all volumes; of a paused guest 0
 * @param elapsed from the scan until the sink had applied all of it
 * @param dirtyRatePagesPerSecond {@code dirtyAfter} over {@code elapsed}
 * @param pagesPerSecond pages looked at over {@code elapsed}: what {@code dirtyAfter} is up against
 * @param bandwidthBytesPerSecond bytes on the wire over {@code elapsed}
 */
public record RoundReport(
        int round,
        long memoryPages,
        long diskPages,
        long unchangedPages,
        long zeroPages,
        Traffic bytes,
        long dirtyAfter,
        Duration elapsed,
        double dirtyRatePagesPerSecond,
        double pagesPerSecond,
        double bandwidthBytesPerSecond) {
    static RoundReport of(
            int round,
            long memoryPages,
            long diskPages,
            long unchangedPages,
            long zeroPages,
            Traffic bytes,
            long dirtyAfter,
            Duration elapsed) {
        // A round of nothing may take no measurable time.
        double seconds = Math.max(1, elapsed.toNanos()) / 1e9;
        return new RoundReport(
                round,
                memoryPages,
                diskPages,
                unchangedPages,
                zeroPages,
                bytes,
                dirtyAfter,
                elapsed,
                dirtyAfter / seconds,
                (memoryPages + diskPages) / seconds,
                bytes.totalBytes() / seconds);
    }

    /** Pages of all volumes that were dirty and looked at. */
    public long pages() {
        return memoryPages + diskPages;
    }
}
