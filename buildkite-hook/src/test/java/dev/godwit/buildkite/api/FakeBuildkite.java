package dev.godwit.buildkite.api;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.net.URI;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import mockwebserver3.Dispatcher;
import mockwebserver3.MockResponse;
import mockwebserver3.MockWebServer;
import mockwebserver3.RecordedRequest;

/**
 * Buildkite's Stacks API over HTTP with the rules that its documentation gives, and a list of what a client did against them:
 * the token's class, register first, a thousand ids at most, each job finished once. Faults are given out one a request.
 */
final class FakeBuildkite extends Dispatcher implements AutoCloseable {
    static final String TOKEN = "bkct_0123456789abcdef";
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int IDS_MAX = 1000;

    private final MockWebServer server = new MockWebServer();
    final List<String> broken = new CopyOnWriteArrayList<>();
    final List<String> requests = new CopyOnWriteArrayList<>();
    final Map<String, JobState> jobs = new LinkedHashMap<>();
    final Map<String, String> finished = new LinkedHashMap<>();
    final Map<String, List<String>> notices = new LinkedHashMap<>();
    /** What the next requests get instead of an answer; with {@code done}, after it was done. */
    final Queue<Fault> faults = new ConcurrentLinkedQueue<>();

    private boolean registered;
    boolean pausedAsDispatch;
    boolean pausedAsQueue;
    int pageSize = IDS_MAX;

    record Fault(MockResponse response, boolean done) {}

    FakeBuildkite() throws IOException {
        server.setDispatcher(this);
        server.start();
    }

    URI base() {
        return server.url("/v3").uri();
    }

    /** The next request is answered so, and nothing is done. */
    void next(MockResponse response) {
        faults.add(new Fault(response, false));
    }

    /** The next request is done and its answer lost. */
    void loseNextAnswer() {
        faults.add(new Fault(
                new MockResponse.Builder()
                        .onResponseStart(new mockwebserver3.SocketEffect.CloseSocket())
                        .build(),
                true));
    }

    @Override
    public synchronized MockResponse dispatch(RecordedRequest request) {
        String path = request.getUrl().encodedPath().replaceFirst("^/v3", "");
        requests.add(request.getMethod() + " " + path);
        if (!("Token " + TOKEN).equals(request.getHeaders().get("Authorization"))) {
            return answer(401, message("Unauthorized"));
        }
        Fault fault = faults.poll();
        if (fault != null && !fault.done()) {
            return fault.response();
        }
        MockResponse answer;
        try {
            answer = act(request, path);
        } catch (IOException e) {
            broken.add("a body that is no JSON: " + e.getMessage());
            answer = answer(400, message("bad JSON"));
        }
        return fault == null ? answer : fault.response();
    }

    private MockResponse act(RecordedRequest request, String path) throws IOException {
        JsonNode body = request.getBody() == null || request.getBody().size() == 0
                ? JSON.createObjectNode()
                : JSON.readTree(request.getBody().toByteArray());
        if (path.equals("/stacks/register")) {
            registered = true;
            return body.path("type").asText().equals("custom")
                            && !body.path("queue_key").asText().isEmpty()
                    ? answer(201, JSON.createObjectNode().put("state", "connected"))
                    : answer(422, message("type and queue_key are needed"));
        }
        if (path.startsWith("/metrics/queue")) {
            ObjectNode figures = JSON.createObjectNode();
            figures.putObject("jobs").put("scheduled", jobs.size()).put("running", 2);
            figures.putObject("agents").put("idle", 1);
            return answer(200, figures)
                    .newBuilder()
                    .setHeader("Buildkite-Agent-Metrics-Poll-Duration", "7")
                    .build();
        }
        if (!registered) {
            broken.add(path + " came before register");
        }
        String[] parts = path.split("/", -1);
        String what = String.join("/", List.of(parts).subList(3, parts.length));
        return switch (what) {
            case "deregister" -> answer(204, null);
            case "scheduled-jobs" -> page(request);
            case "scheduled-jobs/batch-reserve" -> reserve(body);
            case "jobs/get-states" -> states(body);
            case "notifications" -> tell(body);
            default -> what.endsWith("/finish") ? finish(parts[4], body) : show(parts[4]);
        };
    }

    private MockResponse page(RecordedRequest request) {
        String after = request.getUrl().queryParameter("after");
        int from = after == null ? 0 : Integer.parseInt(after);
        List<String> waiting = new ArrayList<>();
        jobs.forEach((id, state) -> {
            if (state == JobState.SCHEDULED) {
                waiting.add(id);
            }
        });
        int to = Math.min(waiting.size(), from + pageSize);
        ObjectNode page = JSON.createObjectNode();
        ArrayNode list = page.putArray("jobs");
        for (String id : waiting.subList(from, to)) {
            ObjectNode job = list.addObject();
            job.put("id", id).put("priority", 3).put("scheduled_at", "2026-12-01T10:00:00Z");
            job.putArray("agent_query_rules").add("queue=linux").add("size=large");
            job.putObject("pipeline").put("slug", "web");
            job.putObject("build").put("number", 42);
        }
        page.putObject("page_info").put("has_next_page", to < waiting.size()).put("end_cursor", Integer.toString(to));
        ObjectNode queue = page.putObject("cluster_queue");
        if (pausedAsDispatch) {
            queue.put("dispatch_paused", true);
        }
        if (pausedAsQueue) {
            queue.put("paused", true);
        }
        return answer(200, page);
    }

    private MockResponse reserve(JsonNode body) {
        bound(body.path("job_uuids"), "reserve");
        int seconds = body.path("reservation_expiry_seconds").asInt();
        if (seconds < 1 || seconds > 3600) {
            broken.add("a reservation of " + seconds + " s");
        }
        ObjectNode answer = JSON.createObjectNode();
        ArrayNode reserved = answer.putArray("reserved");
        ArrayNode not = answer.putArray("not_reserved");
        for (JsonNode id : body.path("job_uuids")) {
            JobState state = jobs.get(id.asText());
            if (state == JobState.SCHEDULED || state == JobState.RESERVED) {
                jobs.put(id.asText(), JobState.RESERVED);
                reserved.add(id.asText());
            } else {
                not.add(id.asText());
            }
        }
        return answer(200, answer);
    }

    private MockResponse states(JsonNode body) {
        bound(body.path("job_uuids"), "get-states");
        ObjectNode answer = JSON.createObjectNode();
        ObjectNode states = answer.putObject("states");
        for (JsonNode id : body.path("job_uuids")) {
            JobState state = jobs.get(id.asText());
            if (state != null) {
                String name =
                        state == JobState.UNKNOWN ? "teleporting" : state.name().toLowerCase(Locale.ROOT);
                states.put(id.asText(), name);
            }
        }
        return answer(200, answer);
    }

    private MockResponse finish(String job, JsonNode body) {
        if (body.path("detail").asText().getBytes(java.nio.charset.StandardCharsets.UTF_8).length > 4096) {
            broken.add("a detail of more than 4 KB");
        }
        if (finished.containsKey(job)) {
            return answer(422, message("the job is finished"));
        }
        finished.put(job, body.path("detail").asText());
        return answer(200, JSON.createObjectNode());
    }

    private MockResponse show(String job) {
        ObjectNode answer = JSON.createObjectNode();
        answer.put("id", job)
                .put("command", "make")
                .putObject("env")
                .put("CI", "true")
                .put("BUILDKITE_JOB_ID", job);
        return jobs.containsKey(job) ? answer(200, answer) : answer(404, message("no such job"));
    }

    private MockResponse tell(JsonNode body) {
        ObjectNode answer = JSON.createObjectNode();
        ArrayNode errors = answer.putArray("errors");
        int index = 0;
        for (JsonNode notice : body.path("notifications")) {
            String job = notice.path("job_uuid").asText();
            if (notice.path("detail").asText().length() > 255) {
                broken.add("a notice of more than 255 characters");
            }
            if (jobs.containsKey(job)) {
                notices.computeIfAbsent(job, any -> new ArrayList<>())
                        .add(notice.path("detail").asText());
            } else {
                errors.addObject()
                        .put("error", "unknown job")
                        .putArray("indexes")
                        .add(index);
            }
            index++;
        }
        return answer(200, answer);
    }

    private void bound(JsonNode ids, String what) {
        if (ids.size() < 1 || ids.size() > IDS_MAX) {
            broken.add(what + " with " + ids.size() + " ids");
        }
    }

    static ObjectNode message(String text) {
        return JSON.createObjectNode().put("message", text);
    }

    static MockResponse answer(int status, @org.jspecify.annotations.Nullable JsonNode body) {
        return new MockResponse.Builder()
                .code(status)
                .body(body == null ? "" : body.toString())
                .build();
    }

    @Override
    public void close() {
        server.close();
    }
}
