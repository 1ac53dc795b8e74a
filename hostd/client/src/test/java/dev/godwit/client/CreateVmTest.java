package dev.godwit.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.godwit.api.CreateVm;
import dev.godwit.api.ExecRequest;
import dev.godwit.api.ProblemCode;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is sent again when an answer is lost, against a server that loses answers. */
class CreateVmTest {
    private static final CreateVm WANTED = new CreateVm("build", "debian-ci", 1, 512, 1024);

    private static final String VM =
            "{\"id\":\"vm-1\",\"name\":\"build\",\"state\":\"running\",\"host\":\"host-a\",\"fence\":1,"
                    + "\"image\":\"sha256:00\",\"vcpus\":1,\"memoryMib\":512,\"diskMib\":1024}";

    private static final String TAKEN =
            "{\"type\":\"t\",\"title\":\"t\",\"status\":409,\"detail\":\"The name is taken.\",\"code\":\"name-taken\"}";

    private final List<String> requests = new CopyOnWriteArrayList<>();
    private final List<String> bodies = new CopyOnWriteArrayList<>();
    private final ServerSocket server;

    CreateVmTest() throws IOException {
        server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    }

    @AfterEach
    void close() throws IOException {
        server.close();
    }

    /** Answers the n-th request with what {@code script} says; an empty text loses the answer. */
    private GodwitClient client(Function<Integer, String> script) {
        Thread thread = new Thread(() -> serve(script), "losing server");
        thread.setDaemon(true);
        thread.start();
        return new GodwitClient(
                List.of(Endpoint.parse("http://127.0.0.1:" + server.getLocalPort())),
                Timeouts.usual().withRetry(Duration.ofSeconds(10)));
    }

    private void serve(Function<Integer, String> script) {
        while (!server.isClosed()) {
            try (Socket socket = server.accept()) {
                byte[] buffer = new byte[64 * 1024];
                int length = socket.getInputStream().read(buffer);
                String request = new String(buffer, 0, Math.max(length, 0), StandardCharsets.ISO_8859_1);
                requests.add(request.substring(0, request.indexOf('\r')));
                bodies.add(request.substring(request.indexOf("\r\n\r\n") + 4));
                String answer = script.apply(requests.size());
                socket.getOutputStream().write(answer.getBytes(StandardCharsets.ISO_8859_1));
            } catch (IOException over) {
                continue; // the client or the test went away
            }
        }
    }

    private static String answer(String status, String body) {
        return "HTTP/1.1 " + status + "\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: "
                + body.length() + "\r\n\r\n" + body;
    }

    @Test
    void aVmWhoseAnswerWasLostIsTheOneOfItsName() throws Exception {
        try (GodwitClient client = client(n -> switch (n) {
            case 1 -> "";
            case 2 -> answer("409 Conflict", TAKEN);
            case 3 -> answer("200 OK", VM);
            default -> answer("200 OK", IMAGE);
        })) {
            assertThat(client.createVm(WANTED).id()).isEqualTo("vm-1");
        }
        assertThat(requests)
                .containsExactly(
                        "POST /v1/vms HTTP/1.1",
                        "POST /v1/vms HTTP/1.1",
                        "GET /v1/vms/build HTTP/1.1",
                        "GET /v1/images/debian-ci HTTP/1.1");
    }

    private static final String IMAGE = "{\"digest\":\"sha256:00\",\"name\":\"debian-ci\",\"sizeBytes\":1,"
            + "\"createdAt\":\"2026-11-24T12:00:00Z\",\"state\":\"ready\",\"host\":\"host-a\"}";

    private static final String LOST =
            "{\"type\":\"t\",\"title\":\"t\",\"status\":502,\"detail\":\"It is lost.\",\"code\":\"answer-lost\"}";

    private static final String NONE =
            "{\"type\":\"t\",\"title\":\"t\",\"status\":404,\"detail\":\"There is none.\",\"code\":\"not-found\"}";

    /** A VM of the name and the sizes, that is another in one thing. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "sha256:00 | sha256:99",
                "\"diskMib\" | \"owner\":\"ci-other\",\"diskMib\"",
                "\"diskMib\" | \"project\":\"red\",\"diskMib\"",
                "\"diskMib\" | \"labels\":{\"pool\":\"small\"},\"diskMib\""
            })
    void aVmOfTheNameThatIsAnotherIsSomebodyElses(String is, String instead) throws Exception {
        try (GodwitClient client = client(n -> switch (n) {
            case 1 -> "";
            case 2 -> answer("409 Conflict", TAKEN);
            case 3 -> answer("200 OK", VM.replace(is, instead));
            default -> answer("200 OK", IMAGE);
        })) {
            assertThatThrownBy(() -> client.createVm(WANTED)).hasMessage("The name is taken.");
        }
    }

    @Test
    void anAnswerThatAHostLostIsALossToo() throws Exception {
        try (GodwitClient client = client(
                n -> answer(n == 1 || n == 3 ? "502 Bad Gateway" : "404 Not Found", n == 1 || n == 3 ? LOST : NONE))) {
            client.deleteVm("build");
            assertThatThrownBy(() -> client.move("build", "host-b"))
                    .isInstanceOf(AnswerLost.class)
                    .hasMessage("It is lost.");
        }
        assertThat(requests).hasSize(3);
    }

    @Test
    void aSignalThatIsRepeatedIsTheSameOne() throws Exception {
        try (GodwitClient client = client(n -> n == 1 ? "" : "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")) {
            client.signal("build", "e1", "TERM");
            client.signal("build", "e1", "TERM");
        }
        assertThat(bodies).hasSize(3);
        assertThat(bodies.get(0)).contains("\"id\":").isEqualTo(bodies.get(1)).isNotEqualTo(bodies.get(2));
    }

    @Test
    void aVmOfTheNameWithOtherSizesIsSomebodyElses() throws Exception {
        try (GodwitClient client = client(n -> switch (n) {
            case 1 -> "";
            case 2 -> answer("409 Conflict", TAKEN);
            default -> answer("200 OK", VM.replace("512", "2048"));
        })) {
            assertThatThrownBy(() -> client.createVm(WANTED))
                    .isInstanceOfSatisfying(
                            RequestFailed.class,
                            taken -> assertThat(taken.code()).isEqualTo(ProblemCode.NAME_TAKEN));
        }
    }

    @Test
    void aNameThatWasTakenBeforeIsRefused() throws Exception {
        try (GodwitClient client = client(n -> answer("409 Conflict", TAKEN))) {
            assertThatThrownBy(() -> client.createVm(WANTED)).hasMessage("The name is taken.");
        }
        assertThat(requests).hasSize(1);
    }

    @Test
    void aCommandIsNeverStartedTwice() throws Exception {
        try (GodwitClient client = client(n -> "")) {
            assertThatThrownBy(() -> client.startExec("build", ExecRequest.of("make")))
                    .isInstanceOf(AnswerLost.class)
                    .hasMessageContaining("look whether it was done");
        }
        assertThat(requests).hasSize(1);
    }

    @Test
    void anAnswerThatIsNoProblemIsToldAsSuch() throws Exception {
        try (GodwitClient client = client(n -> answer("502 Bad Gateway", "<html>"))) {
            assertThatThrownBy(client::host).hasMessageContaining("502").hasMessageContaining("is it a hostd?");
        }
    }
}
