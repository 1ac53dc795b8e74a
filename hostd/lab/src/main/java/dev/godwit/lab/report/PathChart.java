package dev.godwit.lab.report;

import static dev.godwit.lab.report.HtmlPage.escaped;

import com.google.errorprone.annotations.FormatMethod;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/** Where a VM's packets went around a move's cut-over, a row for each way, as inline SVG. */
final class PathChart {
    private static final int WIDTH = 960;
    private static final int LEFT = 200;
    private static final int RIGHT = 14;
    private static final int TOP = 20;
    private static final int ROW_HEIGHT = 34;
    private static final int BUCKETS = 300;
    /** Before SWITCH and after RELEASE, so that the usual traffic is seen beside the change. */
    private static final double MARGIN_MILLIS = 40;

    private static final Set<String> LINES = Set.of("SWITCH", "CUTOVER", "COMMIT", "RESUME", "RELEASE");
    private static final String[] COLOURS = {"#5f93dd", "#e4572e", "#2a9d8f", "#5f93dd", "#2a9d8f"};

    private final double from;
    private final double to;
    private final List<Picture.Way> ways;
    private final StringBuilder svg = new StringBuilder();

    private PathChart(double from, double to, List<Picture.Way> ways) {
        this.from = from;
        this.to = to;
        this.ways = ways;
    }

    /** The chart; empty where the move never came to its SWITCH, or no packet was seen. */
    static String of(MoveReport move, List<Picture.Way> ways) {
        double first = at(move, "SWITCH", "CUTOVER");
        double last = at(move, "RELEASE", "RESUME");
        boolean seen = ways.stream().anyMatch(way -> !way.atEpochMillis().isEmpty());
        if (Double.isNaN(first) || Double.isNaN(last) || !seen) {
            return "";
        }
        return new PathChart(first - MARGIN_MILLIS, last + MARGIN_MILLIS, ways).drawn(move);
    }

    private static double at(MoveReport move, String state, String otherwise) {
        for (String name : List.of(state, otherwise)) {
            for (MoveReport.Phase phase : move.phases()) {
                if (phase.state().equals(name)) {
                    return phase.atEpochMillis();
                }
            }
        }
        return Double.NaN;
    }

    private String drawn(MoveReport move) {
        int bottom = TOP + ways.size() * ROW_HEIGHT;
        svg.append(shape("<svg viewBox=\"0 0 %d %d\" role=\"img\">", WIDTH, bottom + 24));
        for (int row = 0; row < ways.size(); row++) {
            row(row, ways.get(row));
        }
        for (MoveReport.Phase phase : move.phases()) {
            if (LINES.contains(phase.state())) {
                double x = x(phase.atEpochMillis());
                svg.append(shape(
                        "<line x1=\"%.1f\" x2=\"%.1f\" y1=\"%d\" y2=\"%d\" stroke=\"#c0504d\" stroke-dasharray=\"3 3\"/>",
                        x, x, TOP - 6, bottom));
                svg.append(shape(
                        "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\" font-size=\"9\">%s</text>",
                        x, TOP - 9, escaped(phase.state())));
            }
        }
        svg.append(shape(
                "<text x=\"%d\" y=\"%d\">0</text><text x=\"%d\" y=\"%d\" text-anchor=\"end\">%.0f ms</text>",
                LEFT, bottom + 16, WIDTH - RIGHT, bottom + 16, to - from));
        return svg.append("</svg>\n").toString();
    }

    private void row(int row, Picture.Way way) {
        int base = TOP + (row + 1) * ROW_HEIGHT - 4;
        svg.append(shape(
                "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%s</text>", LEFT - 8, base - 6, escaped(way.name())));
        svg.append(shape(
                "<line x1=\"%d\" x2=\"%d\" y1=\"%d\" y2=\"%d\" stroke=\"#e3e8ee\"/>", LEFT, WIDTH - RIGHT, base, base));
        int[] counts = new int[BUCKETS];
        int most = 1;
        for (double at : way.atEpochMillis()) {
            if (at >= from && at < to) {
                int bucket = (int) ((at - from) / (to - from) * BUCKETS);
                most = Math.max(most, ++counts[bucket]);
            }
        }
        double width = (double) (WIDTH - LEFT - RIGHT) / BUCKETS;
        for (int bucket = 0; bucket < BUCKETS; bucket++) {
            if (counts[bucket] > 0) {
                // A single packet is seen too.
                double height = 3 + (ROW_HEIGHT - 11.0) * counts[bucket] / most;
                svg.append(shape(
                        "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" fill=\"%s\"/>",
                        LEFT + bucket * width, base - height, width, height, COLOURS[row % COLOURS.length]));
            }
        }
    }

    private double x(double epochMillis) {
        return LEFT + (epochMillis - from) / (to - from) * (WIDTH - LEFT - RIGHT);
    }

    @FormatMethod
    private static String shape(String format, Object... arguments) {
        return String.format(Locale.ROOT, format, arguments);
    }
}
