package dev.godwit.lab.outside;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** When each echo came and how long it took, kept for the whole run: 16 bytes an echo. For one thread. */
final class Echoes {
    /** A gap from here on is kept one by one; below it is the noise of a loaded machine. */
    static final double GAP_MILLIS_MIN = 5;
    /** The picture's resolution. */
    private static final long BUCKET_NANOS = 20_000_000;

    private long[] arrivedNanos = new long[4096];
    private long[] tookNanos = new long[4096];
    private int count;

    /**
     * An echo came.
     *
     * @param arrivedAtNanos wall clock, nanoseconds of the epoch
     * @param took nanoseconds from its sending
     */
    void came(long arrivedAtNanos, long took) {
        if (count == arrivedNanos.length) {
            arrivedNanos = Arrays.copyOf(arrivedNanos, 2 * count);
            tookNanos = Arrays.copyOf(tookNanos, 2 * count);
        }
        arrivedNanos[count] = arrivedAtNanos;
        tookNanos[count] = took;
        count++;
    }

    /** Longest time between two echoes; NaN with fewer than two. */
    double maxGapMillis() {
        double max = Double.NaN;
        for (int i = 1; i < count; i++) {
            double gap = gapMillis(i);
            max = Double.isNaN(max) ? gap : Math.max(max, gap);
        }
        return max;
    }

    /** Median time between two echoes; NaN with fewer than two. */
    double medianGapMillis() {
        if (count < 2) {
            return Double.NaN;
        }
        double[] gaps = new double[count - 1];
        for (int i = 1; i < count; i++) {
            gaps[i - 1] = gapMillis(i);
        }
        Arrays.sort(gaps);
        return gaps[gaps.length / 2];
    }

    /** The gaps of {@link #GAP_MILLIS_MIN} and more, in time order. */
    List<OutsideResult.Gap> gaps() {
        List<OutsideResult.Gap> gaps = new ArrayList<>();
        for (int i = 1; i < count; i++) {
            if (gapMillis(i) >= GAP_MILLIS_MIN) {
                gaps.add(new OutsideResult.Gap(arrivedNanos[i - 1] / 1e6, gapMillis(i)));
            }
        }
        return gaps;
    }

    /** For each stretch of 20 ms in which an echo came, the longest time that one took. */
    List<OutsideResult.Latency> latencies() {
        List<OutsideResult.Latency> latencies = new ArrayList<>();
        long bucket = Long.MIN_VALUE;
        double worst = 0;
        for (int i = 0; i < count; i++) {
            long its = arrivedNanos[i] / BUCKET_NANOS;
            if (its != bucket && bucket != Long.MIN_VALUE) {
                latencies.add(new OutsideResult.Latency(bucket * BUCKET_NANOS / 1e6, worst));
                worst = 0;
            }
            bucket = its;
            worst = Math.max(worst, tookNanos[i] / 1e6);
        }
        if (bucket != Long.MIN_VALUE) {
            latencies.add(new OutsideResult.Latency(bucket * BUCKET_NANOS / 1e6, worst));
        }
        return latencies;
    }

    private double gapMillis(int index) {
        return (arrivedNanos[index] - arrivedNanos[index - 1]) / 1e6;
    }
}
