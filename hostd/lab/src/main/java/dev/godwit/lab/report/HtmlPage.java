package dev.godwit.lab.report;

import static dev.godwit.lab.report.TerminalTimeline.mib;
import static dev.godwit.lab.report.TerminalTimeline.millis;

import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The report as one page that needs nothing from elsewhere. */
final class HtmlPage {
    private static final String STYLE = """
            body { font: 15px/1.5 system-ui, sans-serif; color: #1d2733; background: #fff; margin: 2rem auto; max-width: 64rem;
                   padding: 0 1rem; }
            h1 { font-size: 1.5rem; margin: 0 0 .2rem; } h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; }
            .verdict { display: inline-block; padding: .15rem .7rem; border-radius: 1rem; font-weight: 600; }
            .ok { background: #dff3e4; color: #14632c; } .bad { background: #fde2e0; color: #8f1d14; }
            table { border-collapse: collapse; width: 100%; } td, th { text-align: left; padding: .3rem .6rem;
                   border-bottom: 1px solid #e3e8ee; vertical-align: top; } th { font-weight: 600; color: #51606f; }
            table.checks td:nth-child(-n+2) { white-space: nowrap; width: 1%; } td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
            svg { width: 100%; height: auto; display: block; } svg text { font: 11px system-ui, sans-serif; fill: #51606f; }
            .note { color: #51606f; }
            """;

    private final DemoReport report;
    private final Picture picture;

    HtmlPage(DemoReport report, Picture picture) {
        this.report = report;
        this.picture = picture;
    }

    String text() {
        StringBuilder html = new StringBuilder();
        html.append("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">")
                .append("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">")
                .append("<title>Godwit demo</title><style>")
                .append(STYLE)
                .append("</style></head><body>\n");
        heading(html);
        checks(html);
        if (!picture.latencies().isEmpty()) {
            html.append("<h2>The whole run</h2>")
                    .append(
                            "<p class=\"note\">How long the outside client waited for the echo of a record, 1,000 records"
                                    + " a second over one connection; shaded: moves.</p>")
                    .append(LatencyChart.run(report, picture));
        }
        for (int i = 0; i < report.moves().size(); i++) {
            MoveReport move = report.moves().get(i);
            move(html, move);
            if (i < picture.paths().size()) {
                path(html, move, picture.paths().get(i));
            }
        }
        flows(html);
        return html.append("</body></html>\n").toString();
    }

    private void heading(StringBuilder html) {
        html.append("<h1>Godwit: ")
                .append(escaped(report.scenario()))
                .append("</h1><p><span class=\"verdict ")
                .append(report.verified() ? "ok\">verified" : "bad\">not verified")
                .append("</span> <span class=\"note\">accelerator ")
                .append(escaped(text(report.accelerator())))
                .append(", ")
                .append(report.vcpus())
                .append(report.vcpus() == 1 ? " vCPU, " : " vCPUs, ")
                .append(report.moves().size())
                .append(report.moves().size() == 1 ? " move</span></p>\n" : " moves</span></p>\n");
        if (report.failure() != null) {
            html.append("<p>The demo ended early: ")
                    .append(escaped(report.failure()))
                    .append("</p>\n");
        }
    }

    private void checks(StringBuilder html) {
        html.append("<h2>Checks</h2><table class=\"checks\"><tr><th></th><th>Check</th><th>Seen</th></tr>");
        for (DemoReport.Check check : report.checks()) {
            html.append("<tr><td><span class=\"verdict ")
                    .append(check.ok() ? "ok\">ok" : "bad\">failed")
                    .append("</span></td><td>")
                    .append(escaped(check.name()))
                    .append("</td><td>")
                    .append(escaped(check.detail()))
                    .append("</td></tr>\n");
        }
        html.append("</table>\n");
    }

    private void move(StringBuilder html, MoveReport move) {
        html.append("<h2>Move from ")
                .append(escaped(move.from()))
                .append(" to ")
                .append(escaped(move.to()))
                .append("</h2>")
                .append(LatencyChart.move(move, picture))
                .append("<table>");
        row(html, "Move, RESERVE to RESUME", millis(move.moveMillis()));
        row(html, "Notice to release", millis(move.noticeToReleaseMillis()));
        MoveReport.Blackout blackout = move.blackoutMillis();
        row(
                html,
                "Blackout: hosts / guest's clock / outside client",
                millis(blackout.hostd()) + " / " + millis(blackout.guest()) + " / " + millis(blackout.client()));
        row(html, "Rounds", text(move.rounds()));
        MoveReport.Bytes bytes = move.bytesSent();
        row(
                html,
                "Sent: memory / disk / device state",
                bytes == null ? "?" : mib(bytes.memory()) + " / " + mib(bytes.disk()) + " / " + mib(bytes.state()));
        row(html, "On the link", move.linkBytes() == null ? "?" : mib(move.linkBytes()));
        MoveReport.Planned planned = move.planned();
        row(html, "Planned", planned == null ? "?" : planned.mode() + ", " + millis(planned.millis()));
        html.append("</table>\n");
    }

    private static void path(StringBuilder html, MoveReport move, List<Picture.Way> ways) {
        String chart = PathChart.of(move, ways);
        if (!chart.isEmpty()) {
            html.append(
                            "<p class=\"note\">The way of the VM's packets between the edge and the two hosts, as the router")
                    .append(" between them saw it; the taller, the more packets. Lines: SWITCH, CUTOVER, RESUME,")
                    .append(" RELEASE.</p>")
                    .append(chart);
        }
    }

    private void flows(StringBuilder html) {
        html.append("<h2>Traffic and work</h2><table>");
        DemoReport.Stream stream = report.stream();
        if (stream != null) {
            row(
                    html,
                    "TCP records: sent, received, lost, doubled, reordered; reconnects",
                    "%,d, %,d, %d, %d, %d; %d"
                            .formatted(
                                    stream.sent(),
                                    stream.received(),
                                    stream.lost(),
                                    stream.duplicated(),
                                    stream.reordered(),
                                    stream.reconnects()));
            row(html, "Longest stall", millis(stream.maxStallMillis()));
        }
        DemoReport.Udp udp = report.udp();
        if (udp != null) {
            row(
                    html,
                    "UDP to the VM: sent, lost",
                    text(udp.in().sent()) + ", " + text(udp.in().lost()));
            row(
                    html,
                    "UDP from the VM: sent, lost",
                    text(udp.out().sent()) + ", " + text(udp.out().lost()));
        }
        packets(html);
        DemoReport.Job job = report.job();
        if (job != null) {
            row(
                    html,
                    "Objects, of them after the first cut-over",
                    text(job.objects()) + ", " + text(job.objectsAfterCutover()));
            row(
                    html,
                    "Wall seconds of the build",
                    job.wallSeconds() == null ? "?" : "%.1f".formatted(job.wallSeconds()));
            row(html, "SHA-256 of the artefact", text(job.artefactSha256()));
        }
        DemoReport.Pages pages = report.pages();
        if (pages != null) {
            row(
                    html,
                    "Pages verified after the last move, errors",
                    text(pages.verifiedAfter()) + ", " + text(pages.errors()));
        }
        html.append("</table>\n");
    }

    private void packets(StringBuilder html) {
        DemoReport.Outbound outbound = report.outbound();
        if (outbound != null) {
            row(
                    html,
                    "The guest's own connection: records sent, received; reconnects",
                    text(outbound.sent()) + ", " + text(outbound.received()) + "; " + text(outbound.reconnects()));
        }
        DemoReport.Packets packets = report.packets();
        if (packets != null) {
            row(
                    html,
                    "Packets that waited at the new host, that the old host passed on",
                    text(packets.held()) + ", " + text(packets.forwardedLate()));
            row(html, "Packets dropped, by reason", dropped(packets.droppedByReason()));
        }
        if (report.oldHostPacketsAfterRelease() != null) {
            row(html, "Packets at the old host after its release", text(report.oldHostPacketsAfterRelease()));
        }
    }

    private static String dropped(@Nullable Map<String, Long> byReason) {
        if (byReason == null) {
            return "?";
        }
        return byReason.isEmpty()
                ? "none"
                : byReason.entrySet().stream()
                        .map(reason -> reason.getKey() + " " + reason.getValue())
                        .collect(Collectors.joining(", "));
    }

    private static void row(StringBuilder html, String name, String value) {
        html.append("<tr><td>")
                .append(escaped(name))
                .append("</td><td class=\"number\">")
                .append(escaped(value))
                .append("</td></tr>\n");
    }

    private static String text(@Nullable Object value) {
        return switch (value) {
            case null -> "?";
            case Long number -> "%,d".formatted(number);
            default -> value.toString();
        };
    }

    static String escaped(String text) {
        return text.replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("\"", "&quot;");
    }
}
