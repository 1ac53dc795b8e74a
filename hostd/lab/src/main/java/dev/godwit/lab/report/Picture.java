package dev.godwit.lab.report;

import java.util.List;

/**
 * What the picture shows beside the report.
 *
 * @param marks moments of the run
 * @param latencies of the outside client's echoes, in time order
 * @param paths the ways of the VM's packets, one list for each move in the report's order; empty where nobody looked
 */
public record Picture(List<Mark> marks, List<Sample> latencies, List<List<Way>> paths) {
    public Picture {
        marks = List.copyOf(marks);
        latencies = List.copyOf(latencies);
        paths = paths.stream().map(List::copyOf).toList();
    }

    /** A picture of a run in which nobody looked at the packets between the hosts. */
    public Picture(List<Mark> marks, List<Sample> latencies) {
        this(marks, latencies, List.of());
    }

    /** A moment with a name, e.g. {@code notice for host-a}. */
    public record Mark(double atEpochMillis, String name) {}

    /**
     * A way that packets took.
     *
     * @param name for a reader, for example {@code passed on by the old host}
     * @param atEpochMillis when each passed a router, in time order
     */
    public record Way(String name, List<Double> atEpochMillis) {
        public Way {
            atEpochMillis = List.copyOf(atEpochMillis);
        }
    }

    /** The longest that an echo took in a stretch of some milliseconds. */
    public record Sample(double atEpochMillis, double millis) {}
}
