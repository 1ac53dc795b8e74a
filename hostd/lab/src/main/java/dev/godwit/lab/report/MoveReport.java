package dev.godwit.lab.report;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One move of a report. A number that is not known is null.
 *
 * @param moveMillis RESERVE to RESUME
 * @param noticeToReleaseMillis first poll that saw the notice to RELEASE
 * @param linkBytes bytes that left the source's peer link, RESERVE to RELEASE
 * @param phases the states that it came into, in order
 */
public record MoveReport(
        String from,
        String to,
        @Nullable Double moveMillis,
        @Nullable Double noticeToReleaseMillis,
        Blackout blackoutMillis,
        @Nullable Integer rounds,
        @Nullable Bytes bytesSent,
        @Nullable Long linkBytes,
        @Nullable Planned planned,
        List<Phase> phases) {
    public MoveReport {
        phases = List.copyOf(phases);
    }

    /** The pause as seen by the two hostds, by the guest's clock, and by the outside client. */
    public record Blackout(
            @Nullable Double hostd,
            @Nullable Double guest,
            @Nullable Double client) {}

    /** Bytes handed to the socket. */
    public record Bytes(long memory, long disk, long state) {
        long sum() {
            return memory + disk + state;
        }
    }

    /** What was decided before. */
    public record Planned(String mode, double millis) {}

    /**
     * A state of the move.
     *
     * @param atEpochMillis when the move came into the state
     * @param elapsedMillis since its first state
     */
    public record Phase(String state, double atEpochMillis, double elapsedMillis) {}
}
