package dev.godwit.lab.report;

import java.util.List;

/**
 * What the picture shows beside the report.
 *
 * @param marks moments of the run
 * @param latencies of the outside client's echoes, in time order
 */
public record Picture(List<Mark> marks, List<Sample> latencies) {
    public Picture {
        marks = List.copyOf(marks);
        latencies = List.copyOf(latencies);
    }

    /** A moment with a name, e.g. {@code notice for host-a}. */
    public record Mark(double atEpochMillis, String name) {}

    /** The longest that an echo took in a stretch of some milliseconds. */
    public record Sample(double atEpochMillis, double millis) {}
}
