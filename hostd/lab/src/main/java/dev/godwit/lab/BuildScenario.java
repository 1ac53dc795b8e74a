package dev.godwit.lab;

import com.fasterxml.jackson.databind.JsonNode;
import dev.godwit.lab.outside.OutsideClient;
import dev.godwit.lab.report.MoveReport;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;

/** A running build survives the loss of its machine, as often as is asked for. For one thread. */
final class BuildScenario implements Scenario {
    private static final String IMAGE = "debian-ci";
    /** An emulated build with all probes beside it, on a machine that does other things too. */
    private static final Duration BUILD_LIMIT = Duration.ofMinutes(40);
    /** Two rates of the probe: enough for 50,000 pages at a tenth of its speed. */
    private static final Duration PROBE_LIMIT = Duration.ofMinutes(5);

    static final long PAGES_AFTER_MIN = 50_000;

    @Override
    public List<String> checks() {
        return List.of(
                "job-exit",
                "artefact-equal",
                "objects-after-cutover",
                "page-checker",
                "disk-checker",
                "log-equal",
                "tcp-stream",
                "udp-in",
                "udp-out",
                "outbound",
                "filesystem",
                "bytes-agree",
                "old-host-silent",
                "source-gone");
    }

    @Override
    public void play(Stage stage) throws IOException, InterruptedException {
        DemoOptions options = stage.options();
        Findings findings = stage.findings();
        stage.startEdge("edge-1");
        LabHost source = stage.startHost("host-a", 1, true);
        LabHost target = stage.startHost("host-b", 2, false);
        String image = stage.image(IMAGE, source, target);
        LuaBuild build = LuaBuild.forDemo(tarball(), options.hops(), options.vcpus(), stage.emulates(source));
        String reference = new ReferenceBuild(stage.cache().resolve("lab"), stage.terminal())
                .artefactSha256(stage.of(target), image, build, stage.wanted("reference", image));
        Guest guest = stage.boot(source, "build", image);
        build.install(guest);

        List<PathWatch> watches = new ArrayList<>();
        try (OutsideClient outside = stage.outsideOf(guest)) {
            GuestProbes probes =
                    GuestProbes.start(guest, stage.dist(), stage.lab().network().client());
            stage.isSet();
            outside.begin();
            try (BuildRun job = BuildRun.start(guest, build, stage.terminal(), "build | ")) {
                findings.mark("build started");
                JsonNode pagesBefore = probes.status("pages");
                JsonNode filesBefore = probes.status("files");
                for (int hop = 1; hop <= options.hops(); hop++) {
                    job.awaitObjects(Math.ceilDiv(hop * build.objects(), options.hops() + 1), BUILD_LIMIT);
                    probes.startTickerWindow();
                    PathWatch watch = stage.watch(guest, source, target, "hop-" + hop);
                    watches.add(watch);
                    new Hop(stage.everywhere(), guest, source, stage.feed(source), stage.feed(target), stage.terminal())
                            .run(findings);
                    findings.path(watch.path(), findings.moves().getLast());
                    readGuestClock(findings, probes);
                    pagesBefore = probes.status("pages");
                    filesBefore = probes.status("files");
                    source = target;
                    if (hop < options.hops()) {
                        target = replacement(stage, hop);
                        stage.of(source).pushImage(image, target.id());
                    }
                }
                int exit = job.awaitEnd(BUILD_LIMIT);
                findings.mark("build ended");
                awaitPages(probes, pagesBefore);
                awaitFiles(probes, filesBefore);
                DemoChecks checks = new DemoChecks(findings, guest, probes);
                checks.job(exit, build, job, reference);
                checks.log(job);
                checks.probesAndTraffic(pagesBefore, filesBefore, outside);
                checks.oldHosts(watches);
                stage.everywhere().traffic().forEach(findings::traffic);
                checks.filesystem(stage.of(source), source, stage.lab().directory());
            }
        } finally {
            watches.forEach(PathWatch::close);
        }
    }

    /** A fresh machine in a network of its own: what still went to the one that is gone must not look like its traffic. */
    private static LabHost replacement(Stage stage, int hop) {
        return stage.startHost("host-" + (char) ('b' + hop), 2 + hop, false);
    }

    private static void readGuestClock(Findings findings, GuestProbes probes) {
        List<MoveReport> moves = new ArrayList<>(findings.moves());
        double windowEnd = Hop.windowEnd(moves.getLast());
        JsonNode ticker = Patience.waitFor("the guest's clock to pass the move", Duration.ofSeconds(30), () -> {
            try {
                JsonNode seen = probes.status("ticker");
                return seen.path("nowNanos").asDouble() / 1e6 > windowEnd ? Optional.of(seen) : Optional.empty();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
        moves.set(moves.size() - 1, Hop.withGuestBlackout(moves.getLast(), ticker));
        findings.moves(moves);
    }

    private static void awaitPages(GuestProbes probes, JsonNode before) {
        long wanted = before.path("verified").asLong() + PAGES_AFTER_MIN;
        awaitStatus(
                probes,
                "pages",
                "the page checker to verify " + PAGES_AFTER_MIN + " pages after the last move",
                now -> now.path("verified").asLong() >= wanted);
    }

    /** One drop of the page cache and one file read from the disk after the last move. */
    private static void awaitFiles(GuestProbes probes, JsonNode before) {
        awaitStatus(
                probes,
                "files",
                "the file checker to drop caches and re-read after the last move",
                now -> DemoChecks.rereadSince(before, now));
    }

    private static void awaitStatus(GuestProbes probes, String probe, String what, Predicate<JsonNode> reached) {
        Patience.waitFor(what, PROBE_LIMIT, () -> {
            try {
                return reached.test(probes.status(probe)) ? Optional.of(true) : Optional.empty();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
    }

    private static Path tarball() {
        String named = System.getProperty("godwit.lua.tarball");
        if (named == null) {
            throw new LabException("the system property godwit.lua.tarball is not set; run this by script/demo");
        }
        return Path.of(named);
    }
}
