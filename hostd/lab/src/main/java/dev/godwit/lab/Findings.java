package dev.godwit.lab;

import dev.godwit.lab.report.DemoReport;
import dev.godwit.lab.report.MoveReport;
import dev.godwit.lab.report.Picture;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What a demo has found so far; a report can be made of it at any time. Thread-safe. */
final class Findings {
    /** The checks of the scenario {@code build}, in the report's order. */
    static final List<String> CHECKS = List.of(
            "job-exit",
            "artefact-equal",
            "objects-after-cutover",
            "page-checker",
            "disk-checker",
            "log-equal",
            "tcp-stream",
            "filesystem",
            "bytes-agree",
            "source-gone");

    private final DemoOptions options;
    private final Map<String, DemoReport.Check> checks = new LinkedHashMap<>();
    private final List<MoveReport> moves = new ArrayList<>();
    private final List<Picture.Mark> marks = new ArrayList<>();
    private List<Picture.Sample> latencies = List.of();
    private @Nullable String accelerator;
    private DemoReport.@Nullable Stream stream;
    private DemoReport.@Nullable Udp udp;
    private DemoReport.@Nullable Pages pages;
    private DemoReport.@Nullable Job job;
    private @Nullable String failure;

    Findings(DemoOptions options) {
        this.options = options;
    }

    /** A check was made; made twice, it holds only if it held both times. */
    synchronized void check(String name, boolean ok, String detail) {
        if (!CHECKS.contains(name)) {
            throw new IllegalArgumentException("'" + name + "' is none of the checks " + CHECKS);
        }
        DemoReport.Check former = checks.get(name);
        checks.put(
                name,
                former == null
                        ? new DemoReport.Check(name, ok, detail)
                        : new DemoReport.Check(name, ok && former.ok(), former.detail() + "; " + detail));
    }

    synchronized void mark(String name) {
        marks.add(new Picture.Mark(System.currentTimeMillis(), name));
    }

    synchronized void accelerator(String name) {
        accelerator = name;
    }

    synchronized void move(MoveReport move) {
        moves.add(move);
    }

    synchronized List<MoveReport> moves() {
        return List.copyOf(moves);
    }

    /** Replaces the moves by the same ones with what is known only at the end. */
    synchronized void moves(List<MoveReport> completed) {
        moves.clear();
        moves.addAll(completed);
    }

    synchronized void stream(DemoReport.Stream seen) {
        stream = seen;
    }

    synchronized void udp(DemoReport.Udp seen) {
        udp = seen;
    }

    synchronized void pages(DemoReport.Pages seen) {
        pages = seen;
    }

    synchronized void job(DemoReport.Job seen) {
        job = seen;
    }

    synchronized void latencies(List<Picture.Sample> samples) {
        latencies = samples;
    }

    synchronized void failed(String sentence) {
        failure = sentence;
    }

    synchronized Picture picture() {
        return new Picture(marks, latencies);
    }

    /** The report; a check that was not made does not hold. */
    synchronized DemoReport report() {
        List<DemoReport.Check> all = CHECKS.stream()
                .map(name -> checks.getOrDefault(name, new DemoReport.Check(name, false, "not reached")))
                .toList();
        boolean verified = all.stream().allMatch(DemoReport.Check::ok);
        return new DemoReport(
                options.scenario(),
                verified,
                accelerator,
                options.vcpus(),
                all,
                moves,
                stream,
                udp,
                pages,
                job,
                failure);
    }
}
