package dev.godwit.lab.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReportFilesTest {
    private static final double START = 1_795_000_000_000.0;

    @TempDir
    Path folder;

    @Test
    void theJsonHasTheNamesThatOthersRelyOn() throws Exception {
        ReportFiles.write(folder, verified(), picture());
        JsonNode json =
                new ObjectMapper().readTree(folder.resolve("report.json").toFile());
        assertThat(json.fieldNames())
                .toIterable()
                .startsWith(
                        "scenario",
                        "verified",
                        "accelerator",
                        "vcpus",
                        "checks",
                        "moves",
                        "stream",
                        "udp",
                        "pages",
                        "job",
                        "outbound",
                        "packets",
                        "oldHostPacketsAfterRelease");
        assertThat(json.at("/verified").asBoolean()).isTrue();
        assertThat(json.at("/checks/0/name").asText()).isEqualTo("job-exit");
        assertThat(json.at("/moves/0").fieldNames())
                .toIterable()
                .startsWith(
                        "from",
                        "to",
                        "moveMillis",
                        "noticeToReleaseMillis",
                        "blackoutMillis",
                        "rounds",
                        "bytesSent",
                        "linkBytes",
                        "planned");
        assertThat(json.at("/moves/0/blackoutMillis/guest").isNull())
                .as("unknown is null")
                .isTrue();
        assertThat(json.at("/moves/0/bytesSent/disk").asLong()).isEqualTo(4_000_000);
        assertThat(json.at("/moves/0/planned/mode").asText()).isEqualTo("pre-copy");
        assertThat(json.at("/stream/maxStallMillis").asDouble()).isEqualTo(61.5);
        assertThat(json.at("/udp/in/lost").asLong()).isEqualTo(3);
        assertThat(json.at("/pages/verifiedAfter").asLong()).isEqualTo(90_000);
        assertThat(json.at("/job/objectsAfterCutover").asInt()).isEqualTo(11);
    }

    @Test
    void thePageNeedsNothingFromElsewhereAndShowsEveryPhase() throws Exception {
        ReportFiles.write(folder, verified(), picture());
        String page = Files.readString(folder.resolve("report.html"));
        assertThat(page).doesNotContain("http:", "https:", "src=", "<script");
        assertThat(page).contains("RESERVE", "STREAM", "CUTOVER", "RELEASE", "<polyline", "notice for host-a");
        assertThat(page).contains("a &lt;b&gt; &amp; &quot;c&quot;");
    }

    @Test
    void thePageShowsTheWayOfThePacketsAndWhatBecameOfThem() throws Exception {
        ReportFiles.write(folder, verified(), picture());
        String page = Files.readString(folder.resolve("report.html"));
        assertThat(page).contains("passed on by the old host", "17, 2", "spoof 3", "at the old host after its release");
        assertThat(page.substring(page.indexOf("passed on by the old host")).split("<rect", -1))
                .as("one packet passed on, two for the new host")
                .hasSize(1 + 1 + 2);
        JsonNode json =
                new ObjectMapper().readTree(folder.resolve("report.json").toFile());
        assertThat(json.at("/outbound/reconnects").asLong(-1)).isZero();
        assertThat(json.at("/packets/droppedByReason/spoof").asLong()).isEqualTo(3);
        assertThat(json.at("/oldHostPacketsAfterRelease").asLong(-1)).isZero();
    }

    @Test
    void aReportOfAnEarlyEndIsWrittenToo() throws Exception {
        DemoReport early = new DemoReport(
                "build",
                false,
                null,
                1,
                List.of(new DemoReport.Check("job-exit", false, "not reached")),
                List.of(),
                null,
                null,
                null,
                null,
                null,
                null,
                null,
                "etcd can't be run");
        ReportFiles.write(folder, early, new Picture(List.of(), List.of()));
        assertThat(Files.readString(folder.resolve("report.html"))).contains("etcd can't be run", "not verified");
        JsonNode json =
                new ObjectMapper().readTree(folder.resolve("report.json").toFile());
        assertThat(json.at("/accelerator").isNull()).isTrue();
        assertThat(TerminalTimeline.of(early)).contains("FAIL", "job-exit", "NOT verified", "etcd can't be run");
    }

    @Test
    void theTerminalShowsPhasesBytesAndMillis() {
        assertThat(TerminalTimeline.of(verified()))
                .contains(
                        "move host-a -> host-b: 4,400 ms, blackout 41.2 ms hostd, ? guest",
                        "STREAM     40.0 ms +4,200 ms |",
                        "memory 143 MiB",
                        "planned: pre-copy, 5,100 ms",
                        "verified\n");
    }

    @Test
    void aReportCannotBeVerifiedWithACheckThatFailed() {
        assertThatThrownBy(() -> new DemoReport(
                        "build",
                        true,
                        "tcg",
                        1,
                        List.of(new DemoReport.Check("job-exit", false, "exit status 1")),
                        List.of(),
                        null,
                        null,
                        null,
                        null,
                        null,
                        null,
                        null,
                        null))
                .hasMessageContaining("job-exit");
    }

    private static DemoReport verified() {
        return new DemoReport(
                "build",
                true,
                "tcg",
                1,
                List.of(
                        new DemoReport.Check("job-exit", true, "exit status 0"),
                        new DemoReport.Check("artefact-equal", true, "a <b> & \"c\"")),
                List.of(new MoveReport(
                        "host-a",
                        "host-b",
                        4400.0,
                        5900.0,
                        new MoveReport.Blackout(41.2, null, 58.8),
                        5,
                        new MoveReport.Bytes(150_000_000, 4_000_000, 440_000),
                        156_000_000L,
                        new MoveReport.Planned("pre-copy", 5100),
                        List.of(
                                phase("RESERVE", 0),
                                phase("STREAM", 40),
                                phase("SWITCH", 4240),
                                phase("CUTOVER", 4250),
                                phase("COMMIT", 4285),
                                phase("RESUME", 4400),
                                phase("DRAIN", 4410),
                                phase("RELEASE", 4600)))),
                new DemoReport.Stream(60_000, 60_000, 0, 0, 0, 0, 61.5),
                new DemoReport.Udp(new DemoReport.Flow(60_000L, 3L), new DemoReport.Flow(60_000L, 41L)),
                new DemoReport.Pages(90_000L, 0L),
                new DemoReport.Job(0, 71.3, "00ff", 20, 11),
                new DemoReport.Outbound(14_000L, 14_000L, 0L),
                new DemoReport.Packets(17L, 2L, Map.of("spoof", 3L)),
                0L,
                null);
    }

    private static MoveReport.Phase phase(String state, double elapsed) {
        return new MoveReport.Phase(state, START + 30_000 + elapsed, elapsed);
    }

    private static Picture picture() {
        SplittableRandom random = new SplittableRandom(1);
        List<Picture.Sample> samples = new ArrayList<>();
        for (int i = 0; i < 3500; i++) {
            double at = START + i * 20;
            double spike = at > START + 34_250 && at < START + 34_420 ? 61.5 - (at - START - 34_250) / 4 : 0;
            samples.add(new Picture.Sample(at, Math.max(spike, 1 + random.nextDouble() * 4)));
        }
        return new Picture(
                List.of(
                        new Picture.Mark(START + 2000, "build started"),
                        new Picture.Mark(START + 29_000, "notice for host-a"),
                        new Picture.Mark(START + 35_000, "host-a destroyed")),
                samples,
                List.of(List.of(
                        new Picture.Way("to the VM at the old host", List.of(START + 34_230, START + 34_239)),
                        new Picture.Way("passed on by the old host", List.of(START + 34_241)),
                        new Picture.Way("to the VM at the new host", List.of(START + 34_242, START + 34_401)))));
    }
}
