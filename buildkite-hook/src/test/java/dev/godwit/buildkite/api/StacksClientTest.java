package dev.godwit.buildkite.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import mockwebserver3.MockResponse;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class StacksClientTest {
    private final List<Duration> slept = new ArrayList<>();
    private FakeBuildkite buildkite;
    private StacksClient client;

    @BeforeEach
    void open() throws Exception {
        buildkite = new FakeBuildkite();
        client = client(FakeBuildkite.TOKEN);
        client.register("linux");
        buildkite.requests.clear();
    }

    private StacksClient client(String token) {
        return new StacksClient(
                buildkite.base(), new AgentToken(token), new StackKey("godwit-1"), slept::add, new SplittableRandom(7));
    }

    @AfterEach
    void close() {
        client.close();
        buildkite.close();
        assertThat(buildkite.broken).isEmpty();
    }

    private static MockResponse status(int code) {
        return FakeBuildkite.answer(code, FakeBuildkite.message("not now"));
    }

    @Test
    void jobsAreListedInPagesWithWhatTheirAgentsMustHave() throws Exception {
        buildkite.pageSize = 2;
        IntStream.rangeClosed(1, 3).forEach(i -> buildkite.jobs.put("job-" + i, JobState.SCHEDULED));
        JobPage first = client.scheduledJobs("linux", null);
        assertThat(first.jobs()).containsExactly(job("job-1"), job("job-2"));
        assertThat(first.next()).isEqualTo("2");
        JobPage second = client.scheduledJobs("linux", first.next());
        assertThat(second.jobs()).containsExactly(job("job-3"));
        assertThat(second.next()).isNull();
        assertThat(second.paused()).isFalse();
    }

    private static ScheduledJob job(String id) {
        return new ScheduledJob(
                id, 3, List.of("queue=linux", "size=large"), Instant.parse("2026-12-01T10:00:00Z"), "web", 42);
    }

    @Test
    void aPausedQueueIsUnderstoodByEitherOfItsNames() throws Exception {
        buildkite.pausedAsDispatch = true;
        assertThat(client.scheduledJobs("linux", null).paused()).isTrue();
        buildkite.pausedAsDispatch = false;
        buildkite.pausedAsQueue = true;
        assertThat(client.scheduledJobs("linux", null).paused()).isTrue();
    }

    @Test
    void jobsAreReservedOnceAndAgainAndThoseOfOthersAreNot() throws Exception {
        buildkite.jobs.put("mine", JobState.SCHEDULED);
        buildkite.jobs.put("taken", JobState.RUNNING);
        assertThat(client.reserve(List.of("mine", "taken", "gone"), Duration.ofMinutes(5)))
                .containsExactly("mine");
        assertThat(client.reserve(List.of("mine"), Duration.ofMinutes(5))).containsExactly("mine");
        assertThatThrownBy(() -> client.reserve(List.of("mine"), Duration.ofHours(2)))
                .hasMessageContaining("PT2H is not between 1 s and PT1H");
        assertThatThrownBy(() -> client.reserve(List.of(), Duration.ofMinutes(5)))
                .hasMessageContaining("0 jobs are not 1 to 1000");
    }

    @Test
    void statesAreReadAndOneThatIsNewToUsIsUnknown() throws Exception {
        buildkite.jobs.put("a", JobState.RUNNING);
        buildkite.jobs.put("b", JobState.CANCELED);
        buildkite.jobs.put("c", JobState.UNKNOWN);
        assertThat(client.states(List.of("a", "b", "c", "none")))
                .isEqualTo(Map.of("a", JobState.RUNNING, "b", JobState.CANCELED, "c", JobState.UNKNOWN));
        assertThat(JobState.CANCELED.isOver()).isTrue();
        assertThat(JobState.UNKNOWN.isOver()).as("nobody ends what may run").isFalse();
    }

    @Test
    void whatMayPassIsAskedAgainWithGrowingPausesAndARetryAfterIsKept() throws Exception {
        buildkite.next(status(500));
        buildkite.next(status(429).newBuilder().setHeader("Retry-After", "17").build());
        buildkite.next(
                status(503).newBuilder().setHeader("Retry-After", "86400").build());
        buildkite.next(new MockResponse.Builder().body("<html>").build());
        assertThat(client.scheduledJobs("linux", null).jobs()).isEmpty();
        assertThat(buildkite.requests).hasSize(5);
        assertThat(slept).hasSize(4);
        assertThat(slept.get(0)).isBetween(Duration.ofMillis(1500), Duration.ofMillis(2000));
        assertThat(slept.get(1)).isBetween(Duration.ofMillis(17_500), Duration.ofMillis(18_000));
        assertThat(slept.get(2)).as("no longer than two minutes").isLessThan(Duration.ofSeconds(122));
        assertThat(slept.get(3)).isBetween(Duration.ofMillis(8_500), Duration.ofMillis(9_000));
    }

    @Test
    void fiveTriesAreTheMostAndTheSentenceSaysWhatWasAsked() throws Exception {
        for (int i = 0; i < 9; i++) {
            buildkite.next(status(502));
        }
        assertThatThrownBy(() -> client.environment("job-1"))
                .isInstanceOfSatisfying(
                        StacksRefused.class, e -> assertThat(e.status()).isEqualTo(502))
                .hasMessageContaining("GET /v3/stacks/godwit-1/jobs/job-1 with 502: not now");
        assertThat(buildkite.requests).hasSize(5);
    }

    @Test
    void whatCannotPassIsNotAskedAgain() {
        buildkite.next(status(403));
        assertThatThrownBy(() -> client.register("linux")).hasMessageContaining("403: not now");
        assertThat(buildkite.requests).hasSize(1);
        assertThat(slept).isEmpty();
        try (StacksClient stranger = client("bkct_revoked")) {
            assertThatThrownBy(() -> stranger.register("linux"))
                    .hasMessageContaining("is the agent token that of the cluster")
                    .hasMessageNotContaining("bkct_revoked");
        }
    }

    @Test
    void aJobIsFailedOnceAlthoughItsAnswerWasLost() throws Exception {
        buildkite.jobs.put("job-1", JobState.RESERVED);
        buildkite.loseNextAnswer();
        client.fail("job-1", "No host has room for 4 CPUs");
        assertThat(buildkite.finished).containsExactly(Map.entry("job-1", "No host has room for 4 CPUs"));
        assertThat(buildkite.requests).hasSize(2);
        assertThatThrownBy(() -> client.fail("job-1", "again"))
                .as("nothing was lost this time")
                .isInstanceOf(StacksRefused.class)
                .hasMessageContaining("422");
    }

    @Test
    void aLongDetailIsCutAndNoCharacterInTwo() throws Exception {
        buildkite.jobs.put("job-1", JobState.RESERVED);
        client.fail("job-1", "x" + "\uD83D\uDE80".repeat(3000));
        assertThat(buildkite.finished.get("job-1")).doesNotContain("?").endsWith("\uD83D\uDE80");
    }

    @Test
    void noticesAreToldAndThoseThatAreRefusedAreNamed() throws Exception {
        buildkite.jobs.put("job-1", JobState.RUNNING);
        assertThat(client.tell(List.of(
                        new Notice("job-1", "moved host-a → host-b, paused 47 ms"),
                        new Notice("none", "moved"),
                        new Notice("job-1", "y".repeat(400)))))
                .containsExactly("job none was not told: unknown job");
        assertThat(buildkite.notices.get("job-1"))
                .containsExactly("moved host-a → host-b, paused 47 ms", "y".repeat(255));
    }

    @Test
    void theTokenGoesToNoOtherHostAndIntoNoText() throws Exception {
        try (FakeBuildkite elsewhere = new FakeBuildkite()) {
            buildkite.next(status(302)
                    .newBuilder()
                    .setHeader("Location", elsewhere.base() + "/stacks/register")
                    .build());
            assertThatThrownBy(() -> client.register("linux"))
                    .hasMessageContaining("it points elsewhere, where the token does not go");
            assertThat(elsewhere.requests).isEmpty();
        }
        assertThat(new AgentToken(FakeBuildkite.TOKEN)).asString().doesNotContain("bkct");
        assertThatThrownBy(() -> new AgentToken("two words"))
                .hasMessageContaining("it is what Buildkite shows")
                .hasMessageNotContaining("two words");
    }

    @Test
    void theFiguresOfAQueueSayWhenToAskAgain() throws Exception {
        buildkite.jobs.put("job-1", JobState.SCHEDULED);
        assertThat(client.figures("linux")).isEqualTo(new QueueFigures(1, 2, 1, Duration.ofSeconds(7)));
    }

    @Test
    void anInterruptEndsTheAsking() throws Exception {
        try (StacksClient impatient = new StacksClient(
                buildkite.base(),
                new AgentToken(FakeBuildkite.TOKEN),
                new StackKey("godwit-1"),
                time -> {
                    throw new InterruptedException();
                },
                new SplittableRandom(7))) {
            buildkite.next(status(500));
            assertThatThrownBy(() -> impatient.register("linux")).isInstanceOf(IOException.class);
            assertThat(Thread.interrupted()).isTrue();
            assertThat(buildkite.requests).hasSize(1);
        }
    }

    @Test
    void aBadKeyIsNamed() {
        assertThatThrownBy(() -> new StackKey("my stack")).hasMessageContaining("\"my stack\" is not 1 to 80 of");
    }
}
