package dev.godwit.lab.report;

import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** The report as lines for a terminal. */
public final class TerminalTimeline {
    private static final int BAR_WIDTH = 44;

    private TerminalTimeline() {}

    /** All of it, lines separated by newlines. */
    public static String of(DemoReport report) {
        StringBuilder text = new StringBuilder();
        for (MoveReport move : report.moves()) {
            append(text, move);
        }
        for (DemoReport.Check check : report.checks()) {
            text.append("  %-4s %-22s %s%n".formatted(check.ok() ? "ok" : "FAIL", check.name(), check.detail()));
        }
        if (report.failure() != null) {
            text.append("  The demo ended early: ").append(report.failure()).append('\n');
        }
        text.append(report.verified() ? "verified\n" : "NOT verified\n");
        return text.toString();
    }

    private static void append(StringBuilder text, MoveReport move) {
        text.append("move %s -> %s: %s, blackout %s hostd, %s guest, %s client; notice to release %s%n"
                .formatted(
                        move.from(),
                        move.to(),
                        millis(move.moveMillis()),
                        millis(move.blackoutMillis().hostd()),
                        millis(move.blackoutMillis().guest()),
                        millis(move.blackoutMillis().client()),
                        millis(move.noticeToReleaseMillis())));
        if (move.planned() != null) {
            text.append("  planned: %s, %s%n"
                    .formatted(move.planned().mode(), millis(move.planned().millis())));
        }
        List<MoveReport.Phase> phases = move.phases();
        double total = phases.isEmpty() ? 0 : phases.getLast().elapsedMillis();
        for (int i = 0; i < phases.size(); i++) {
            double from = phases.get(i).elapsedMillis();
            double to = i + 1 < phases.size() ? phases.get(i + 1).elapsedMillis() : from;
            text.append("  %-8s %9s %9s |%s|%n"
                    .formatted(phases.get(i).state(), millis(from), "+" + millis(to - from), bar(from, to, total)));
        }
        if (move.bytesSent() != null) {
            text.append("  sent: memory %s, disk %s, state %s; on the link %s; %s rounds%n"
                    .formatted(
                            mib(move.bytesSent().memory()),
                            mib(move.bytesSent().disk()),
                            mib(move.bytesSent().state()),
                            move.linkBytes() == null ? "?" : mib(move.linkBytes()),
                            move.rounds() == null ? "?" : move.rounds()));
        }
    }

    private static String bar(double from, double to, double total) {
        if (total <= 0) {
            return " ".repeat(BAR_WIDTH);
        }
        int start = Math.min(BAR_WIDTH - 1, (int) (from / total * BAR_WIDTH));
        int end = Math.max(start + 1, Math.min(BAR_WIDTH, (int) Math.round(to / total * BAR_WIDTH)));
        return " ".repeat(start) + "#".repeat(end - start) + " ".repeat(BAR_WIDTH - end);
    }

    static String millis(@Nullable Double millis) {
        if (millis == null) {
            return "?";
        }
        return millis < 100
                ? String.format(Locale.ROOT, "%.1f ms", millis)
                : String.format(Locale.ROOT, "%,.0f ms", millis);
    }

    static String mib(long bytes) {
        return String.format(Locale.ROOT, bytes < 10 << 20 ? "%.2f MiB" : "%.0f MiB", bytes / 1048576.0);
    }
}
