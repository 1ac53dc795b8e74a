package dev.godwit.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import dev.godwit.api.Problem;
import dev.godwit.api.ProblemCode;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class RoutesTest {
    @TempDir
    static Path directory;

    private static TestHost host;

    @BeforeAll
    static void open() throws Exception {
        host = TestHost.open("host-a", new FakeFleet(), directory);
        host.createVm("web");
    }

    @AfterAll
    static void close() throws Exception {
        host.close();
    }

    private static final String GOOD =
            "{\"name\":\"x\",\"image\":\"debian-ci\",\"vcpus\":1,\"memoryMib\":512,\"diskMib\":1024}";

    private static Arguments row(
            String method, String path, @Nullable String body, int status, ProblemCode code, String says) {
        return Arguments.of(method, path, body, status, code, says);
    }

    static Stream<Arguments> refusals() {
        return Stream.of(
                row("GET", "/v1/vm", null, 404, ProblemCode.NO_SUCH_ROUTE, "did you mean /v1/vms?"),
                row("GET", "/", null, 404, ProblemCode.NO_SUCH_ROUTE, "There is nothing at /"),
                row("PATCH", "/v1/vms", null, 405, ProblemCode.METHOD_NOT_ALLOWED, "it takes GET, POST"),
                row("POST", "/v1/vms/web", null, 405, ProblemCode.METHOD_NOT_ALLOWED, "it takes GET, DELETE"),
                row("POST", "/v1/vms", null, 400, ProblemCode.BAD_REQUEST, "name, image, vcpus, memoryMib, diskMib"),
                row("POST", "/v1/vms", "null", 400, ProblemCode.BAD_REQUEST, "The body is null"),
                row("POST", "/v1/vms", "{", 400, ProblemCode.BAD_REQUEST, "not JSON in line 1, column"),
                row("POST", "/v1/vms", "[]", 400, ProblemCode.BAD_REQUEST, "line 1"),
                row("POST", "/v1/vms", "{}", 400, ProblemCode.BAD_REQUEST, "VM name is missing"),
                row("POST", "/v1/vms", GOOD + "x", 400, ProblemCode.BAD_REQUEST, "not JSON in line 1"),
                row("POST", "/v1/vms", GOOD.replace("vcpus", "vcpu"), 400, ProblemCode.BAD_REQUEST, "mean \"vcpus\"?"),
                row("POST", "/v1/vms", GOOD.replace("512", "\"512\""), 400, ProblemCode.BAD_REQUEST, "memoryMib"),
                row("POST", "/v1/vms", GOOD.replace("512", "512.5"), 400, ProblemCode.BAD_REQUEST, "memoryMib"),
                row("POST", "/v1/vms", GOOD.replace("512", "null"), 400, ProblemCode.BAD_REQUEST, "memoryMib"),
                row("POST", "/v1/vms", GOOD.replace("512", "63"), 400, ProblemCode.BAD_REQUEST, "memoryMib 63 is not"),
                row("POST", "/v1/vms", GOOD.replace("512", "99999999999"), 400, ProblemCode.BAD_REQUEST, "memoryMib"),
                row("POST", "/v1/vms", GOOD.replace(":1,", ":65,"), 400, ProblemCode.BAD_REQUEST, "vcpus 65 is not"),
                row("POST", "/v1/vms", GOOD.replace("\"x\"", "\"X\""), 400, ProblemCode.BAD_REQUEST, "VM name \"X\""),
                row("POST", "/v1/vms", GOOD.replace("1024", "0"), 400, ProblemCode.BAD_REQUEST, "diskMib 0 is not"),
                row("POST", "/v1/vms", "[".repeat(200), 400, ProblemCode.BAD_REQUEST, "line 1"),
                row("POST", "/v1/vms", GOOD.replace("\"x\"", "\"web\""), 409, ProblemCode.NAME_TAKEN, "web"),
                row("POST", "/v1/vms", GOOD.replace("debian-ci", "no"), 422, ProblemCode.NO_BASE_IMAGE, "\"no\""),
                row("POST", "/v1/vms", GOOD.replace("512", "1048576"), 422, ProblemCode.NO_ROOM, "1048576 MiB"),
                row("GET", "/v1/vms/none", null, 404, ProblemCode.NOT_FOUND, "\"none\""),
                row("DELETE", "/v1/vms/none", null, 404, ProblemCode.NOT_FOUND, "\"none\""),
                row("POST", "/v1/vms/none/stop", null, 404, ProblemCode.NOT_FOUND, "\"none\""),
                row("POST", "/v1/vms/none/claim", null, 404, ProblemCode.NOT_FOUND, "\"none\""),
                row("POST", "/v1/vms/web/claim", null, 409, ProblemCode.CONFLICT, "alive"),
                row("POST", "/v1/vms/web/export", null, 409, ProblemCode.CONFLICT, "stop it"),
                row("GET", "/v1/vms/none/console", null, 404, ProblemCode.NOT_FOUND, "\"none\""),
                row("POST", "/v1/vms/web/move", "{}", 400, ProblemCode.BAD_REQUEST, "target host is missing"),
                row("POST", "/v1/vms/web/move", "{\"target\":\"z\"}", 404, ProblemCode.NOT_FOUND, "\"z\""),
                row("POST", "/v1/vms/web/move", "{\"target\":\"host-a\"}", 422, ProblemCode.REFUSED, "already"),
                row("GET", "/v1/moves/none", null, 404, ProblemCode.NOT_FOUND, "\"none\""),
                row("POST", "/v1/vms/web/exec", "{\"argv\":[]}", 400, ProblemCode.BAD_REQUEST, "entries of argv 0"),
                row("POST", "/v1/vms/web/exec", "{\"argv\":[null]}", 400, ProblemCode.BAD_REQUEST, "null"),
                row(
                        "POST",
                        "/v1/vms/web/exec",
                        "{\"argv\":[\"a\"],\"env\":{\"A=\":\"b\"}}",
                        400,
                        ProblemCode.BAD_REQUEST,
                        "\"A=\""),
                row(
                        "POST",
                        "/v1/vms/web/exec",
                        "{\"argv\":[\"a\"],\"cwd\":\"b\"}",
                        400,
                        ProblemCode.BAD_REQUEST,
                        "absolute"),
                row("GET", "/v1/vms/web/exec/none", null, 404, ProblemCode.NOT_FOUND, "\"none\""),
                row("GET", "/v1/vms/web/exec/none/output", null, 404, ProblemCode.NOT_FOUND, "\"none\""),
                row("GET", "/v1/vms/web/exec/e/output?stdout=x", null, 400, ProblemCode.BAD_REQUEST, "stdout=x"),
                row("GET", "/v1/vms/web/exec/e/output?stderr=-1", null, 400, ProblemCode.BAD_REQUEST, "stderr=-1"),
                row("POST", "/v1/vms/web/exec/none/stdin", "x", 404, ProblemCode.NOT_FOUND, "\"none\""),
                row("POST", "/v1/vms/web/exec/e/stdin?end=y", "x", 400, ProblemCode.BAD_REQUEST, "end=y"),
                row(
                        "POST",
                        "/v1/vms/web/exec/e/signal",
                        "{\"name\":\"SIGTERM!\"}",
                        400,
                        ProblemCode.BAD_REQUEST,
                        "without SIG"),
                row("PUT", "/v1/vms/web/files", "x", 400, ProblemCode.BAD_REQUEST, "\"path\" is missing"),
                row("PUT", "/v1/vms/web/files?path=a", "x", 400, ProblemCode.BAD_REQUEST, "absolute path"),
                row("PUT", "/v1/vms/web/files?path=/a&mode=9", "x", 400, ProblemCode.BAD_REQUEST, "octal"),
                row("PUT", "/v1/vms/web/files?path=/a&mode=77777", "x", 400, ProblemCode.BAD_REQUEST, "7777"),
                row("PUT", "/v1/vms/web/files?path=/a&path=/b", "x", 400, ProblemCode.BAD_REQUEST, "2 times"),
                row("GET", "/v1/vms/web/files?path=/none", null, 404, ProblemCode.NOT_FOUND, "/none"),
                row("GET", "/v1/images/none", null, 404, ProblemCode.NOT_FOUND, "\"none\""),
                row("POST", "/v1/images", "{\"name\":\"a\",\"recipe\":\"b\"}", 404, ProblemCode.NOT_FOUND, "\"b\""),
                row("POST", "/v1/images/debian-ci/push", "{\"host\":\"z\"}", 404, ProblemCode.NOT_FOUND, "\"z\""),
                row("GET", "/v1/hosts/z", null, 404, ProblemCode.NOT_FOUND, "\"z\""),
                row("POST", "/v1/hosts/z/drain", null, 404, ProblemCode.NOT_FOUND, "\"z\""),
                row(
                        "POST",
                        "/v1/host/drain",
                        "{\"deadlineSeconds\":0}",
                        400,
                        ProblemCode.BAD_REQUEST,
                        "deadlineSeconds 0"),
                row("GET", "/v1/events?after=17", null, 400, ProblemCode.BAD_REQUEST, "\"17\" is not the id"));
    }

    @ParameterizedTest(name = "{0} {1} {2}")
    @MethodSource("refusals")
    void aRefusedRequestSaysWhatIsWrong(
            String method, String path, @Nullable String body, int status, ProblemCode code, String says)
            throws Exception {
        HttpResponse<String> answer = host.send(method, path, body);
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(status);
        assertThat(answer.headers().firstValue("content-type")).contains(Problem.MEDIA_TYPE);
        Problem problem = Json.read(answer.body().getBytes(StandardCharsets.UTF_8), Problem.class);
        assertThat(problem.code()).isEqualTo(code);
        assertThat(problem.status()).isEqualTo(status);
        assertThat(problem.detail()).contains(says);
        assertThat(problem.detail()).doesNotContain("Exception").doesNotContain("dev.godwit");
    }

    @Test
    void aBodyThatIsTooLargeIsRefused() throws Exception {
        HttpResponse<String> answer = host.send("POST", "/v1/vms", " ".repeat(Bodies.JSON_BYTES_MAX + 1));
        assertThat(answer.statusCode()).isEqualTo(413);
        assertThat(answer.body()).contains("too-large").contains(Integer.toString(Bodies.JSON_BYTES_MAX));
    }

    @Test
    void metricsCountRequestsByRouteAndStatus() throws Exception {
        host.send("GET", "/v1/vms/web", null);
        String metrics = host.send("GET", "/metrics", null).body();
        assertThat(metrics)
                .contains("godwit_rest_requests_total{method=\"GET\",route=\"/v1/vms/{vm}\",status=\"200\"}")
                .contains("godwit_events_total{type=\"creating\"} 1.0");
    }
}
