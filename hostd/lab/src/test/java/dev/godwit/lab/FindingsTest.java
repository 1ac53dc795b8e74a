package dev.godwit.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.godwit.api.HostTraffic;
import dev.godwit.api.TrafficCount;
import dev.godwit.api.TrafficDirection;
import dev.godwit.lab.report.DemoReport;
import dev.godwit.lab.report.MoveReport;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class FindingsTest {
    private static final double START = 1_795_000_000_000.0;

    private static final List<String> CHECKS = new BuildScenario().checks();

    private final Findings findings = new Findings(new DemoOptions("build", 1, 1, Path.of("out"), false), CHECKS);

    @Test
    void aCheckThatWasNotReachedDoesNotHold() {
        CHECKS.stream().skip(1).forEach(name -> findings.check(name, true, "seen"));
        DemoReport report = findings.report();
        assertThat(report.checks()).extracting(DemoReport.Check::name).containsExactlyElementsOf(CHECKS);
        assertThat(report.checks().getFirst()).isEqualTo(new DemoReport.Check("job-exit", false, "not reached"));
        assertThat(report.verified()).isFalse();
    }

    @Test
    void allChecksMakeItVerified() {
        assertThat(CHECKS)
                .containsSubsequence(
                        "job-exit", "artefact-equal", "objects-after-cutover", "page-checker", "disk-checker")
                .containsSubsequence("log-equal", "tcp-stream", "udp-in", "udp-out", "outbound", "filesystem")
                .containsSubsequence("bytes-agree", "old-host-silent", "source-gone");
        CHECKS.forEach(name -> findings.check(name, true, "seen"));
        assertThat(findings.report().verified()).isTrue();
    }

    @Test
    void aCheckOfEveryHopHoldsOnlyIfItHeldAtEveryHop() {
        CHECKS.forEach(name -> findings.check(name, true, "first"));
        findings.check("source-gone", false, "second");
        findings.check("source-gone", true, "third");
        DemoReport.Check seen = findings.report().checks().getLast();
        assertThat(seen).isEqualTo(new DemoReport.Check("source-gone", false, "first; second; third"));
        assertThat(findings.report().verified()).isFalse();
    }

    @Test
    void whatIsNotKnownOfPacketsIsNullAndNeverZero() {
        assertThat(findings.report().packets()).isNull();
        assertThat(findings.report().oldHostPacketsAfterRelease()).isNull();
        findings.path(List.of(), 7, 1);
        findings.path(List.of(), 5, 0);
        assertThat(findings.report().packets()).isEqualTo(new DemoReport.Packets(12L, 1L, null));
        findings.traffic(counted("spoof", 2, "policy", 0));
        findings.traffic(counted("spoof", 1, "spoof", 0));
        assertThat(findings.report().packets()).isEqualTo(new DemoReport.Packets(12L, 1L, Map.of("spoof", 3L)));
    }

    private static HostTraffic counted(String one, long packets, String other, long others) {
        return new HostTraffic(
                "host-a",
                List.of(
                        new TrafficCount(one, TrafficDirection.IN, packets, packets * 60),
                        new TrafficCount(other, TrafficDirection.OUT, others, others * 60)),
                List.of(new TrafficCount("held", null, 5, 300)));
    }

    @Test
    void aCheckWithAnotherNameIsAMistake() {
        assertThatThrownBy(() -> findings.check("job-exits", true, "")).hasMessageContaining("job-exits");
    }

    @Test
    void theGuestsBlackoutIsTheLargestStepAroundTheCutOver() throws Exception {
        MoveReport move = new MoveReport(
                "host-a",
                "host-b",
                null,
                null,
                new MoveReport.Blackout(40.0, null, null),
                null,
                null,
                null,
                null,
                List.of(phase("RESERVE", 0), phase("STREAM", 50), phase("CUTOVER", 4000), phase("RESUME", 4060)));
        JsonNode ticker = new ObjectMapper()
                .readTree("""
                {"everyNanos": 1000000, "steps": [
                  {"atNanos": %1$s000000, "realtimeNanos": 900000000},
                  {"atNanos": %2$s000000, "realtimeNanos": 61500000},
                  {"atNanos": %3$s000000, "realtimeNanos": 20000000}]}
                """.formatted((long) START + 100, (long) START + 4070, (long) START + 4100));
        assertThat(Hop.withGuestBlackout(move, ticker).blackoutMillis())
                .isEqualTo(new MoveReport.Blackout(40.0, 60.5, null));
    }

    private static MoveReport.Phase phase(String state, double elapsed) {
        return new MoveReport.Phase(state, START + elapsed, elapsed);
    }
}
