package dev.godwit.lab;

import com.fasterxml.jackson.databind.JsonNode;
import dev.godwit.api.MoveState;
import dev.godwit.client.GodwitClient;
import dev.godwit.lab.outside.OutsideClient;
import dev.godwit.lab.outside.OutsideResult;
import dev.godwit.lab.report.DemoReport;
import dev.godwit.lab.report.MoveReport;
import dev.godwit.lab.report.Picture;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The checks at the end of the scenario {@code build}. For one thread. */
final class DemoChecks {
    /** Of the objects, compiled after the first cut-over. */
    private static final double SHARE_AFTER_MIN = 0.3;

    /** A second of echoes: a sample stands for 20 ms. */
    private static final int ECHO_SAMPLES_AFTER_MOVE_MIN = 50;

    private final Findings findings;
    private final Guest guest;
    private final GuestProbes probes;

    DemoChecks(Findings findings, Guest guest, GuestProbes probes) {
        this.findings = findings;
        this.guest = guest;
        this.probes = probes;
    }

    /** Exit status, artefact, and how much of the work was done after the first cut-over. */
    void job(int exit, LuaBuild build, BuildRun run, String reference) throws IOException {
        findings.check("job-exit", exit == 0, "exit status " + exit);
        String artefact = exit == 0 ? LuaBuild.sha256(guest.read(LuaBuild.ARTEFACT)) : null;
        findings.check(
                "artefact-equal",
                reference.equals(artefact),
                reference.equals(artefact)
                        ? "SHA-256 " + artefact
                        : "SHA-256 " + artefact + ", in a VM that never moved " + reference);
        String[] lines = guest.text(LuaBuild.OBJECTS_LOG).strip().split("\n", -1);
        Optional<Double> cutover =
                findings.moves().stream().findFirst().flatMap(move -> Hop.at(move, MoveState.RESUME));
        Integer after = cutover.map(at -> (int) Arrays.stream(lines)
                        .filter(line -> epochMillis(line) > at)
                        .count())
                .orElse(null);
        findings.check(
                "objects-after-cutover",
                lines.length == build.objects() && after != null && after >= SHARE_AFTER_MIN * lines.length,
                after + " of " + lines.length + " objects were compiled after the first cut-over");
        findings.job(new DemoReport.Job(exit, run.wallSeconds(), artefact, lines.length, after));
    }

    /** What the client received is what the guest wrote. */
    void log(BuildRun run) throws IOException {
        byte[] received = run.log();
        byte[] written = guest.read(LuaBuild.LOG);
        int differs = Arrays.mismatch(received, written);
        findings.check(
                "log-equal",
                differs < 0,
                differs < 0
                        ? written.length + " bytes, attached anew " + run.reattached() + " times"
                        : "received " + received.length + " bytes, written " + written.length
                                + ", the first difference at " + differs);
    }

    /** Ends the probes and the outside client in an order that loses nothing at the end, and judges what they saw. */
    void probesAndTraffic(JsonNode pagesBefore, JsonNode filesBefore, OutsideClient outside) throws IOException {
        pages(pagesBefore, probes.end("pages"));
        files(filesBefore, probes.end("files"));
        probes.end("ticker");
        JsonNode dial = probes.end("dial");
        outside.stopSending();
        JsonNode echo = probes.end("echo");
        OutsideResult seen = outside.finish();
        connection(seen);
        datagrams(seen, echo);
        outbound(seen, dial);
    }

    /** Of the two connections only: where datagrams may be lost, and are told of. */
    void connections(OutsideClient outside) throws IOException {
        JsonNode dial = probes.end("dial");
        outside.stopSending();
        JsonNode echo = probes.end("echo");
        OutsideResult seen = outside.finish();
        connection(seen);
        findings.udp(udp(seen, echo));
        outbound(seen, dial);
    }

    /** The disk after the VM's shutdown. */
    void filesystem(GodwitClient client, LabHost host, Path folder) throws IOException {
        client.stopVm(guest.vm());
        FilesystemCheck.Outcome outcome = FilesystemCheck.of(host, client.exportDisk(guest.vm()), folder);
        findings.check("filesystem", outcome.clean(), "e2fsck -fn at " + host.id() + ": " + outcome.said());
    }

    /** Of each move in turn, what the routers saw at the host that the VM had left. */
    void oldHosts(List<PathWatch> watches) {
        long packets = 0;
        for (int move = 0; move < watches.size(); move++) {
            packets += watches.get(move)
                    .atOldHostAfter(Hop.releasedAt(findings.moves().get(move)));
        }
        findings.oldHostPackets(packets);
        findings.check(
                "old-host-silent",
                packets == 0,
                packets + " packets of the VM to or from a host after it had released it, by captures on the router");
    }

    private void pages(JsonNode before, JsonNode after) {
        long verified =
                after.path("verified").asLong() - before.path("verified").asLong();
        long errors = after.path("errors").asLong(-1);
        findings.pages(new DemoReport.Pages(verified, errors));
        findings.check(
                "page-checker",
                errors == 0 && verified >= BuildScenario.PAGES_AFTER_MIN,
                errors == 0
                        ? verified + " pages verified after the last move, 0 errors"
                        : verified + " pages verified after the last move: " + after);
    }

    /** Whether files were read from the disk, and not from the cache, between two statuses. */
    static boolean rereadSince(JsonNode before, JsonNode after) {
        return after.path("reread").asLong() > before.path("reread").asLong()
                && after.path("cacheDrops").asLong() > before.path("cacheDrops").asLong();
    }

    private void files(JsonNode before, JsonNode files) {
        long reread = files.path("reread").asLong();
        boolean ok = files.path("errors").asLong(-1) == 0 && rereadSince(before, files);
        findings.check(
                "disk-checker",
                ok,
                "files " + files.path("files").asLong() + ", re-read " + reread
                        + " (" + (reread - before.path("reread").asLong())
                        + " after the last move), drops of the page cache "
                        + files.path("cacheDrops").asLong() + " ("
                        + (files.path("cacheDrops").asLong()
                                - before.path("cacheDrops").asLong())
                        + " after the last move), errors "
                        + files.path("errors").asLong(-1));
    }

    private void connection(OutsideResult seen) {
        OutsideResult.Tcp tcp = seen.tcp();
        findings.stream(new DemoReport.Stream(
                tcp.sent(),
                tcp.received(),
                tcp.lost(),
                tcp.duplicated(),
                tcp.reordered(),
                tcp.reconnects(),
                tcp.maxStallMillis()));
        boolean whole = tcp.lost() == 0 && tcp.duplicated() == 0 && tcp.reordered() == 0 && tcp.reconnects() == 0;
        findings.check(
                "tcp-stream",
                whole && echoesAfterEachMove(seen),
                String.format(
                        Locale.ROOT,
                        "%,d records on one connection, lost %d, doubled %d, reordered %d, reconnects %d, longest stall %s ms",
                        tcp.received(),
                        tcp.lost(),
                        tcp.duplicated(),
                        tcp.reordered(),
                        tcp.reconnects(),
                        tcp.maxStallMillis() == null ? "?" : String.format(Locale.ROOT, "%.1f", tcp.maxStallMillis())));
        findings.latencies(seen.latencies().stream()
                .map(latency -> new Picture.Sample(latency.atEpochMillis(), latency.millis()))
                .toList());
        findings.moves(findings.moves().stream()
                .map(move -> Hop.with(
                        move,
                        new MoveReport.Blackout(
                                move.blackoutMillis().hostd(),
                                move.blackoutMillis().guest(),
                                blackout(move, seen))))
                .toList());
    }

    /** A datagram that is lost, doubled or overtaken is one too many. */
    private void datagrams(OutsideResult seen, JsonNode echo) {
        JsonNode in = echo.path("udpIn");
        long came = in.path("received").asLong() - in.path("duplicated").asLong();
        findings.udp(udp(seen, echo));
        flow(
                "udp-in",
                seen.udpSent(),
                came,
                in.path("duplicated").asLong(),
                in.path("reordered").asLong());
        flow(
                "udp-out",
                echo.path("udpOut").path("sent").asLong(),
                seen.udpReceived(),
                seen.udpDuplicated(),
                seen.udpReordered());
    }

    private void flow(String check, long sent, long received, long duplicated, long reordered) {
        findings.check(
                check,
                sent > 0 && received == sent && duplicated == 0 && reordered == 0,
                String.format(
                        Locale.ROOT,
                        "%,d datagrams sent, lost %d, doubled %d, reordered %d",
                        sent,
                        sent - received,
                        duplicated,
                        reordered));
    }

    private static DemoReport.Udp udp(OutsideResult seen, JsonNode echo) {
        JsonNode in = echo.path("udpIn");
        long came = in.path("received").asLong() - in.path("duplicated").asLong();
        long out = echo.path("udpOut").path("sent").asLong();
        return new DemoReport.Udp(
                new DemoReport.Flow(seen.udpSent(), seen.udpSent() - came),
                new DemoReport.Flow(out, out - seen.udpReceived()));
    }

    /** The connection that the guest holds is the first and only one, at both ends. */
    private void outbound(OutsideResult seen, JsonNode dial) {
        long sent = dial.path("sent").asLong();
        long received = dial.path("received").asLong();
        long reconnects = dial.path("reconnects").asLong(-1);
        OutsideResult.Server server = seen.server();
        findings.outbound(new DemoReport.Outbound(sent, received, reconnects));
        findings.check(
                "outbound",
                sent > 0
                        && received == sent
                        && reconnects == 0
                        && dial.path("outOfOrder").asLong(-1) == 0
                        && dial.path("garbage").asLong(-1) == 0
                        && server.connections() == 1,
                String.format(
                        Locale.ROOT,
                        "%,d records sent by the guest, %,d answered, out of order %d, reconnects %d; the server saw %d"
                                + " connections from %s; longest wait for an answer %s ms",
                        sent,
                        received,
                        dial.path("outOfOrder").asLong(-1),
                        reconnects,
                        server.connections(),
                        server.from(),
                        dial.path("maxGapMillis").asText("?")));
    }

    /** A stream that died with a move loses nothing more, and is no stream that survived. */
    private boolean echoesAfterEachMove(OutsideResult seen) {
        return seen.tcp().received() > 0
                && findings.moves().stream()
                        .allMatch(move -> seen.latencies().stream()
                                        .filter(latency -> latency.atEpochMillis() > Hop.windowEnd(move))
                                        .count()
                                >= ECHO_SAMPLES_AFTER_MOVE_MIN);
    }

    private static @Nullable Double blackout(MoveReport move, OutsideResult seen) {
        if (move.phases().isEmpty() || seen.medianGapMillis() == null) {
            return null;
        }
        double from = move.phases().getFirst().atEpochMillis();
        return seen.gaps().stream()
                .filter(gap -> gap.touches(from, Hop.windowEnd(move)))
                .mapToDouble(gap -> gap.millis() - seen.medianGapMillis())
                .boxed()
                .max(Double::compare)
                .orElse(null);
    }

    private static double epochMillis(String objectLine) {
        return Double.parseDouble(objectLine.substring(0, objectLine.indexOf(' '))) / 1e6;
    }
}
