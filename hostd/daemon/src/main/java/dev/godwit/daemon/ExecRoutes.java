package dev.godwit.daemon;

import dev.godwit.api.Exec;
import dev.godwit.api.ExecCreated;
import dev.godwit.api.ExecRequest;
import dev.godwit.api.Problem;
import dev.godwit.api.ProblemCode;
import dev.godwit.api.SignalRequest;
import dev.godwit.api.StdinWritten;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;

/** Commands in a guest, their output, input, and signals. */
final class ExecRoutes {
    private final Control control;
    private final Fleet fleet;

    ExecRoutes(Control control, Fleet fleet) {
        this.control = control;
        this.fleet = fleet;
    }

    List<Route> routes() {
        return List.of(
                exec("POST", "/v1/vms/{vm}/exec", (request, response, vm, exec) -> {
                    Exec started = control.startExec(vm, Bodies.json(request, ExecRequest.class));
                    Answers.json(response, 201, new ExecCreated(started.id()));
                }),
                exec(
                        "GET",
                        "/v1/vms/{vm}/exec/{exec}",
                        (request, response, vm, exec) -> Answers.json(response, 200, control.exec(vm, exec))),
                exec("GET", "/v1/vms/{vm}/exec/{exec}/output", this::output),
                exec("POST", "/v1/vms/{vm}/exec/{exec}/stdin", this::stdin),
                exec("POST", "/v1/vms/{vm}/exec/{exec}/signal", (request, response, vm, exec) -> {
                    control.signalExec(vm, exec, Bodies.json(request, SignalRequest.class));
                    Answers.nothing(response);
                }));
    }

    private interface ExecAction {
        void answer(ServerRequest request, ServerResponse response, String vm, String exec) throws Exception;
    }

    private Route exec(String method, String path, ExecAction action) {
        return new Route(method, path, (request, response) -> {
            String vm = Parameters.path(request, "vm");
            String exec = path.contains("{exec}") ? Parameters.path(request, "exec") : "";
            fleet.atOwner(vm, request, response, (here, answer) -> action.answer(here, answer, vm, exec));
        });
    }

    private void output(ServerRequest request, ServerResponse response, String vm, String exec) throws IOException {
        long stdout = Parameters.offset(request, "stdout");
        long stderr = Parameters.offset(request, "stderr");
        try (ExecReader reader = control.readExec(vm, exec, stdout, stderr);
                Sse stream = new Sse(response)) {
            stream.heartbeat(); // the headers go now, so that a client knows that it is attached
            relay(reader, stream);
        }
    }

    private static void relay(ExecReader reader, Sse stream) {
        while (true) {
            ExecReader.Item item;
            try {
                item = reader.next(Sse.HEARTBEAT);
            } catch (ControlException e) {
                stream.problem(e.problem());
                return;
            } catch (IOException e) {
                stream.problem(Problem.of(ProblemCode.UNAVAILABLE, "The output stops here: " + e.getMessage()));
                return;
            }
            switch (item) {
                case ExecReader.Output(var output) -> stream.send("output", output);
                case ExecReader.Nothing() -> stream.heartbeat();
                case ExecReader.End(var end) -> {
                    stream.send("end", end);
                    return;
                }
            }
        }
    }

    private void stdin(ServerRequest request, ServerResponse response, String vm, String exec) throws IOException {
        long offset = Parameters.offset(request, "offset");
        boolean end = Parameters.flag(request, "end");
        try (InputStream body = Bodies.raw(request, Bodies.STDIN_BYTES_MAX)) {
            Answers.json(response, 200, new StdinWritten(control.writeStdin(vm, exec, offset, body, end)));
        }
    }
}
