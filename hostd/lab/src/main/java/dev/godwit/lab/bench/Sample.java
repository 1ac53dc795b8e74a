package dev.godwit.lab.bench;

import java.util.Arrays;
import java.util.List;

/**
 * What one contender did in one case.
 *
 * @param median of the runs, in the row's unit
 * @param min the least
 * @param max the most
 * @param n how many runs
 */
public record Sample(double median, double min, double max, int n) {
    /** The figures of some runs, at least one. */
    public static Sample of(List<Double> runs) {
        if (runs.isEmpty()) {
            throw new IllegalArgumentException("a sample needs at least one run");
        }
        double[] sorted =
                runs.stream().mapToDouble(Double::doubleValue).sorted().toArray();
        int middle = sorted.length / 2;
        double median = sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
        return new Sample(median, sorted[0], Arrays.stream(sorted).max().orElseThrow(), sorted.length);
    }
}
