package dev.godwit.lab;

import dev.godwit.api.HostTraffic;
import dev.godwit.api.MoveState;
import dev.godwit.lab.packets.PacketPath;
import dev.godwit.lab.report.DemoReport;
import dev.godwit.lab.report.MoveReport;
import dev.godwit.lab.report.Picture;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** What a demo has found so far; a report can be made of it at any time. Thread-safe. */
final class Findings {
    private final DemoOptions options;
    private final List<String> names;
    private final Map<String, DemoReport.Check> checks = new LinkedHashMap<>();
    private final List<MoveReport> moves = new ArrayList<>();
    private final List<Picture.Mark> marks = new ArrayList<>();
    private List<Picture.Sample> latencies = List.of();
    private @Nullable String accelerator;
    private DemoReport.@Nullable Stream stream;
    private DemoReport.@Nullable Udp udp;
    private DemoReport.@Nullable Pages pages;
    private DemoReport.@Nullable Job job;
    private DemoReport.@Nullable Outbound outbound;
    private @Nullable Long held;
    private @Nullable Long forwardedLate;
    private @Nullable Long oldHostPackets;
    private final Map<String, Long> drops = new TreeMap<>();
    private boolean dropsKnown;
    private final List<List<Picture.Way>> paths = new ArrayList<>();
    private @Nullable String failure;

    /** @param names of the scenario's checks, in the report's order */
    Findings(DemoOptions options, List<String> names) {
        this.options = options;
        this.names = List.copyOf(names);
    }

    /** A check was made; made twice, it holds only if it held both times. */
    synchronized void check(String name, boolean ok, String detail) {
        if (!names.contains(name)) {
            throw new IllegalArgumentException("'" + name + "' is none of the checks " + names);
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

    synchronized void outbound(DemoReport.Outbound seen) {
        outbound = seen;
    }

    /** The way of the VM's packets in one more move. */
    synchronized void path(List<Picture.Way> ways, long heldFrames, long forwardedFrames) {
        paths.add(ways);
        held = (held == null ? 0 : held) + heldFrames;
        forwardedLate = (forwardedLate == null ? 0 : forwardedLate) + forwardedFrames;
    }

    /** The same, as a router saw it. */
    void path(PacketPath path, MoveReport move) {
        double resumed = Hop.at(move, MoveState.RESUME).orElse(Double.NEGATIVE_INFINITY);
        path(path.ways(), path.held(resumed), path.forwardedLate());
    }

    /** What one more machine's programs have counted; of each machine once. */
    synchronized void traffic(HostTraffic counted) {
        dropsKnown = true;
        counted.dropped().stream()
                .filter(count -> count.packets() > 0)
                .forEach(count -> drops.merge(count.what(), count.packets(), Long::sum));
    }

    synchronized void oldHostPackets(long packets) {
        oldHostPackets = packets;
    }

    synchronized void failed(String sentence) {
        failure = sentence;
    }

    synchronized Picture picture() {
        return new Picture(marks, latencies, paths);
    }

    /** The report; a check that was not made does not hold. */
    synchronized DemoReport report() {
        List<DemoReport.Check> all = names.stream()
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
                outbound,
                packets(),
                oldHostPackets,
                failure);
    }

    private DemoReport.@Nullable Packets packets() {
        return held == null && !dropsKnown
                ? null
                : new DemoReport.Packets(held, forwardedLate, dropsKnown ? Map.copyOf(drops) : null);
    }
}
