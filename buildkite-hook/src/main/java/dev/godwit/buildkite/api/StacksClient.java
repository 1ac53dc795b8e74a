package dev.godwit.buildkite.api;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import okhttp3.HttpUrl;
import org.jspecify.annotations.Nullable;

/**
 * A custom stack's view of Buildkite. Each call blocks and repeats what may pass (429, 5xx, lost connections) five times with
 * pauses; where sources of the API disagree, both are understood. Source: Buildkite's Stacks API and metrics API, v3.
 * Thread-safe.
 */
public final class StacksClient implements AutoCloseable {
    /** Buildkite's own. */
    public static final URI BUILDKITE = URI.create("https://agent.buildkite.com/v3");

    /** Jobs that one request may name, and that a page has at most. */
    public static final int JOBS_MAX = 1000;

    /** A reservation of more is refused. */
    public static final Duration RESERVATION_MAX = Duration.ofHours(1);

    private static final int DETAIL_BYTES_MAX = 4096;
    /** Of one char; those outside the basic plane are two chars and four bytes. */
    private static final int UTF8_BYTES_MAX = 3;
    /** Conflict, and what can't be processed. */
    private static final Set<Integer> ALREADY_OVER = Set.of(409, 422);

    private static final Duration METRICS_EVERY = Duration.ofSeconds(10);

    private final StackKey stack;
    private final Wire wire;

    /** @param base {@link #BUILDKITE}, or a test's */
    public StacksClient(URI base, AgentToken token, StackKey stack) {
        this(base, token, stack, Thread::sleep, new SplittableRandom());
    }

    StacksClient(URI base, AgentToken token, StackKey stack, Pauses.Sleep sleep, RandomGenerator random) {
        HttpUrl url = HttpUrl.get(base);
        if (url == null) {
            throw new IllegalArgumentException("\"" + base + "\" is not such as " + BUILDKITE);
        }
        this.stack = stack;
        this.wire = new Wire(url, token, new Pauses(sleep, random));
    }

    /** Makes the stack known, or says that it is here again. */
    public void register(String queue) throws IOException {
        ObjectNode body = Wire.JSON.createObjectNode();
        body.put("key", stack.text())
                .put("type", "custom")
                .put("queue_key", queue)
                .putObject("metadata");
        wire.post(wire.path("stacks", "register").build(), body);
    }

    /** The stack takes no jobs any more. */
    public void deregister() throws IOException {
        wire.post(stackPath("deregister").build(), Wire.JSON.createObjectNode());
    }

    /** @param after the page before's {@link JobPage#next}; null: from the start */
    public JobPage scheduledJobs(String queue, @Nullable String after) throws IOException {
        HttpUrl.Builder url = stackPath("scheduled-jobs")
                .addQueryParameter("queue_key", queue)
                .addQueryParameter("limit", Integer.toString(JOBS_MAX));
        if (after != null) {
            url.addQueryParameter("after", after);
        }
        JsonNode page = wire.get(url.build()).json();
        List<ScheduledJob> jobs = new ArrayList<>();
        page.path("jobs").forEach(job -> {
            if (!job.path("id").asText().isEmpty()) { // nothing could be done with it
                jobs.add(job(job));
            }
        });
        JsonNode info = page.path("page_info");
        JsonNode state = page.path("cluster_queue");
        return new JobPage(
                jobs,
                info.path("has_next_page").asBoolean() ? info.path("end_cursor").asText(null) : null,
                state.path("dispatch_paused").asBoolean()
                        || state.path("paused").asBoolean());
    }

    private static ScheduledJob job(JsonNode job) {
        List<String> rules = new ArrayList<>();
        job.path("agent_query_rules").forEach(rule -> rules.add(rule.asText()));
        return new ScheduledJob(
                job.path("id").asText(),
                job.path("priority").asInt(),
                rules,
                instant(job.path("scheduled_at").asText()),
                job.path("pipeline").path("slug").asText(),
                job.path("build").path("number").asLong());
    }

    private static @Nullable Instant instant(String text) {
        try {
            return Instant.parse(text);
        } catch (DateTimeParseException unsaid) {
            return null;
        }
    }

    /**
     * Reserves jobs for this stack, or makes its reservations longer. Asking twice is as good as once.
     *
     * @param jobs at most {@link #JOBS_MAX}
     * @param time at most {@link #RESERVATION_MAX}
     * @return those that are reserved; the others are another's, or over
     */
    public List<String> reserve(Collection<String> jobs, Duration time) throws IOException {
        if (time.compareTo(RESERVATION_MAX) > 0 || time.toSeconds() < 1) {
            throw new IllegalArgumentException(
                    "a reservation of " + time + " is not between 1 s and " + RESERVATION_MAX);
        }
        ObjectNode body = Wire.JSON.createObjectNode();
        putJobs(body, jobs);
        body.put("reservation_expiry_seconds", time.toSeconds());
        List<String> reserved = new ArrayList<>();
        wire.put(stackPath("scheduled-jobs", "batch-reserve").build(), body)
                .json()
                .path("reserved")
                .forEach(job -> reserved.add(job.asText()));
        return reserved;
    }

    private static void putJobs(ObjectNode body, Collection<String> jobs) {
        if (jobs.isEmpty() || jobs.size() > JOBS_MAX) {
            throw new IllegalArgumentException(jobs.size() + " jobs are not 1 to " + JOBS_MAX);
        }
        ArrayNode ids = body.putArray("job_uuids");
        jobs.forEach(ids::add);
    }

    /** How jobs stand; one that Buildkite does not know is missing. @param jobs at most {@link #JOBS_MAX} */
    public Map<String, JobState> states(Collection<String> jobs) throws IOException {
        ObjectNode body = Wire.JSON.createObjectNode();
        putJobs(body, jobs);
        Map<String, JobState> states = new HashMap<>();
        wire.post(stackPath("jobs", "get-states").build(), body)
                .json()
                .path("states")
                .properties()
                .forEach(state ->
                        states.put(state.getKey(), JobState.of(state.getValue().asText())));
        return states;
    }

    /** The variables of a job's environment, which may have 100 KB. */
    public Map<String, String> environment(String job) throws IOException {
        Map<String, String> environment = new HashMap<>();
        wire.get(stackPath("jobs", job).build())
                .json()
                .path("env")
                .properties()
                .forEach(variable ->
                        environment.put(variable.getKey(), variable.getValue().asText()));
        return environment;
    }

    /**
     * Ends a job that no agent can run: it shows as a failure of the stack, and not of the build. Buildkite takes it once; that
     * it is over already is no error where an earlier answer was lost.
     *
     * @param detail a sentence for the build's page; what is longer than 4 KB is cut
     */
    public void fail(String job, String detail) throws IOException {
        ObjectNode body = Wire.JSON.createObjectNode();
        body.put("exit_status", -1).put("detail", cut(detail));
        try {
            wire.post(stackPath("jobs", job, "finish").build(), body);
        } catch (StacksRefused refused) {
            if (!refused.isAfterLoss() || !ALREADY_OVER.contains(refused.status())) {
                throw refused;
            }
        }
    }

    private static String cut(String detail) {
        int end = Math.min(detail.length(), DETAIL_BYTES_MAX / UTF8_BYTES_MAX);
        boolean splits = end > 0 && end < detail.length() && Character.isHighSurrogate(detail.charAt(end - 1));
        return detail.substring(0, splits ? end - 1 : end);
    }

    /**
     * Puts lines on builds' pages.
     *
     * @param notices at most {@link #JOBS_MAX}
     * @return why some are not there, a sentence each; empty when all are
     */
    public List<String> tell(List<Notice> notices) throws IOException {
        if (notices.isEmpty() || notices.size() > JOBS_MAX) {
            throw new IllegalArgumentException(notices.size() + " notices are not 1 to " + JOBS_MAX);
        }
        ObjectNode body = Wire.JSON.createObjectNode();
        ArrayNode all = body.putArray("notifications");
        for (Notice notice : notices) {
            all.addObject().put("job_uuid", notice.job()).put("detail", notice.detail());
        }
        List<String> refused = new ArrayList<>();
        wire.post(stackPath("notifications").build(), body)
                .json()
                .path("errors")
                .forEach(error -> error.path("indexes").forEach(index -> refused.add(sentence(notices, error, index))));
        return refused;
    }

    private static String sentence(List<Notice> notices, JsonNode error, JsonNode index) {
        int at = index.asInt(-1);
        String job = at >= 0 && at < notices.size() ? notices.get(at).job() : "?";
        return "job " + job + " was not told: " + error.path("error").asText();
    }

    /** What waits and runs in a queue. */
    public QueueFigures figures(String queue) throws IOException {
        Wire.Answer answer = wire.get(
                wire.path("metrics", "queue").addQueryParameter("name", queue).build());
        JsonNode json = answer.json();
        return new QueueFigures(
                json.path("jobs").path("scheduled").asLong(),
                json.path("jobs").path("running").asLong(),
                json.path("agents").path("idle").asLong(),
                pollAfter(answer.head().header("Buildkite-Agent-Metrics-Poll-Duration")));
    }

    private static Duration pollAfter(@Nullable String seconds) {
        try {
            return seconds == null ? METRICS_EVERY : Duration.ofSeconds(Long.parseLong(seconds.strip()));
        } catch (NumberFormatException unreadable) {
            return METRICS_EVERY;
        }
    }

    private HttpUrl.Builder stackPath(String... segments) {
        HttpUrl.Builder url = wire.path("stacks", stack.text());
        for (String segment : segments) {
            url.addPathSegment(segment);
        }
        return url;
    }

    @Override
    public void close() {
        wire.close();
    }
}
