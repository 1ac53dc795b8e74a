package dev.godwit.lab.report;

import static dev.godwit.lab.report.HtmlPage.escaped;

import com.google.errorprone.annotations.FormatMethod;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** The outside client's latency over time as inline SVG, with the moves and their phases on the same axis. */
final class LatencyChart {
    private static final int WIDTH = 960;
    private static final int LEFT = 62;
    private static final int RIGHT = 14;
    private static final int PLOT_HEIGHT = 170;
    private static final int ROW_HEIGHT = 17;
    /** Of the run around a move, so that the usual latency is seen beside it. */
    private static final double MARGIN_MILLIS = 1500;
    /** A line with more points than pixels says no more. */
    private static final int POINTS_MAX = 2 * WIDTH;

    private static final String LINE = "#1f6feb";
    private static final String BAND = "#e8f0fe";
    private static final String[] PHASE_COLOURS = {
        "#8fb4e8", "#5f93dd", "#f2c14e", "#e4572e", "#9b5de5", "#2a9d8f", "#76c893", "#b5c7d3"
    };

    private final double from;
    private final double to;
    private final int top;
    private final double maxMillis;
    private final StringBuilder svg = new StringBuilder();

    private LatencyChart(double from, double to, int rows, double worst) {
        this.from = from;
        this.to = Math.max(to, from + 1);
        this.top = 14 + rows * ROW_HEIGHT;
        this.maxMillis = nice(Math.max(worst, 1));
        svg.append("<svg viewBox=\"0 0 %d %d\" role=\"img\">".formatted(WIDTH, top + PLOT_HEIGHT + 34));
    }

    /** The whole run, moves shaded, marks named. */
    static String run(DemoReport report, Picture picture) {
        List<Picture.Sample> samples = picture.latencies();
        int rows = picture.marks().size();
        LatencyChart chart = new LatencyChart(
                samples.getFirst().atEpochMillis(), samples.getLast().atEpochMillis(), rows, worst(samples));
        for (MoveReport move : report.moves()) {
            if (!move.phases().isEmpty()) {
                chart.band(
                        move.phases().getFirst().atEpochMillis(),
                        move.phases().getLast().atEpochMillis());
            }
        }
        chart.marks(picture.marks());
        chart.axes();
        chart.line(samples);
        return chart.end();
    }

    /** One move: a bar for each phase, and the latency below. */
    static String move(MoveReport move, Picture picture) {
        List<MoveReport.Phase> phases = move.phases();
        if (phases.isEmpty()) {
            return "";
        }
        double from = phases.getFirst().atEpochMillis() - MARGIN_MILLIS;
        double to = phases.getLast().atEpochMillis() + MARGIN_MILLIS;
        List<Picture.Sample> samples = picture.latencies().stream()
                .filter(sample -> sample.atEpochMillis() >= from && sample.atEpochMillis() <= to)
                .toList();
        LatencyChart chart = new LatencyChart(from, to, phases.size(), worst(samples));
        chart.phases(phases);
        chart.axes();
        if (!samples.isEmpty()) {
            chart.line(samples);
        }
        return chart.end();
    }

    private void phases(List<MoveReport.Phase> phases) {
        for (int i = 0; i < phases.size(); i++) {
            MoveReport.Phase phase = phases.get(i);
            double end = i + 1 < phases.size() ? phases.get(i + 1).atEpochMillis() : phase.atEpochMillis();
            double start = x(phase.atEpochMillis());
            double width = Math.max(1.5, x(end) - start);
            int row = 8 + i * ROW_HEIGHT;
            svg.append(shape(
                    "<rect x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"%d\" rx=\"2\" fill=\"%s\"/>",
                    start, row, width, ROW_HEIGHT - 5, PHASE_COLOURS[i % PHASE_COLOURS.length]));
            String label = phase.state() + " " + TerminalTimeline.millis(end - phase.atEpochMillis());
            boolean fits = start + width + 6 + 7 * label.length() < WIDTH - RIGHT;
            svg.append(shape(
                    "<text x=\"%.1f\" y=\"%d\" text-anchor=\"%s\">%s</text>",
                    fits ? start + width + 5 : start - 5, row + 10, fits ? "start" : "end", escaped(label)));
            svg.append(shape(
                    "<line x1=\"%.1f\" x2=\"%.1f\" y1=\"%d\" y2=\"%d\" stroke=\"#dbe3ec\" stroke-dasharray=\"2 3\"/>",
                    start, start, row + ROW_HEIGHT - 5, top + PLOT_HEIGHT));
        }
    }

    private void marks(List<Picture.Mark> marks) {
        for (int i = 0; i < marks.size(); i++) {
            double x = x(marks.get(i).atEpochMillis());
            int row = 16 + i * ROW_HEIGHT;
            boolean fits = x + 8 + 7 * marks.get(i).name().length() < WIDTH - RIGHT;
            svg.append(shape(
                    "<line x1=\"%.1f\" x2=\"%.1f\" y1=\"%d\" y2=\"%d\" stroke=\"#c0504d\" stroke-dasharray=\"4 3\"/>",
                    x, x, row - 8, top + PLOT_HEIGHT));
            svg.append(shape(
                    "<text x=\"%.1f\" y=\"%d\" text-anchor=\"%s\">%s</text>",
                    fits ? x + 4 : x - 4,
                    row,
                    fits ? "start" : "end",
                    escaped(marks.get(i).name())));
        }
    }

    private void band(double start, double end) {
        svg.append(shape(
                "<rect x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"%d\" fill=\"%s\"/>",
                x(start), top, Math.max(1, x(end) - x(start)), PLOT_HEIGHT, BAND));
    }

    private void axes() {
        for (int i = 0; i <= 4; i++) {
            double millis = maxMillis * i / 4;
            double y = y(millis);
            svg.append(shape(
                    "<line x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\" stroke=\"#e3e8ee\"/>",
                    LEFT, WIDTH - RIGHT, y, y));
            svg.append(shape(
                    "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%s ms</text>", LEFT - 6, y + 4, trimmed(millis)));
        }
        double step = nice((to - from) / 8);
        for (double at = 0; at <= to - from; at += step) {
            svg.append(shape(
                    "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%s s</text>",
                    x(from + at), top + PLOT_HEIGHT + 18, trimmed(at / 1000)));
        }
    }

    private void line(List<Picture.Sample> samples) {
        StringBuilder points = new StringBuilder();
        for (Picture.Sample sample : thinned(samples)) {
            points.append(shape("%.1f,%.1f ", x(sample.atEpochMillis()), y(sample.millis())));
        }
        svg.append("<polyline fill=\"none\" stroke=\"" + LINE + "\" stroke-width=\"1.3\" points=\"" + points + "\"/>");
    }

    /** The worst of each group, so that no peak is lost. */
    private static List<Picture.Sample> thinned(List<Picture.Sample> samples) {
        int group = 1 + samples.size() / POINTS_MAX;
        List<Picture.Sample> kept = new ArrayList<>();
        for (int i = 0; i < samples.size(); i += group) {
            Picture.Sample worst = samples.get(i);
            for (int k = i + 1; k < Math.min(i + group, samples.size()); k++) {
                worst = samples.get(k).millis() > worst.millis() ? samples.get(k) : worst;
            }
            kept.add(worst);
        }
        return kept;
    }

    private String end() {
        return svg.append("</svg>\n").toString();
    }

    private double x(double epochMillis) {
        return LEFT + (epochMillis - from) / (to - from) * (WIDTH - LEFT - RIGHT);
    }

    private double y(double millis) {
        return top + PLOT_HEIGHT * (1 - Math.min(millis, maxMillis) / maxMillis);
    }

    private static double worst(List<Picture.Sample> samples) {
        return samples.stream().mapToDouble(Picture.Sample::millis).max().orElse(1);
    }

    /** The next of 1, 2, 5, 10, 20, 50... */
    private static double nice(double value) {
        double power = Math.pow(10, Math.floor(Math.log10(value)));
        for (double step : new double[] {1, 2, 5}) {
            if (step * power >= value) {
                return step * power;
            }
        }
        return 10 * power;
    }

    private static String trimmed(double value) {
        return value == Math.rint(value) ? String.valueOf((long) value) : shape("%.2f", value);
    }

    @FormatMethod
    private static String shape(String format, Object... arguments) {
        return String.format(Locale.ROOT, format, arguments);
    }
}
