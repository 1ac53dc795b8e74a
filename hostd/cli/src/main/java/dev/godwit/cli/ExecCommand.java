package dev.godwit.cli;

import java.io.IOException;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * {@code godwit vm exec}: runs a command in a guest as if it ran here. The command lives in the guest; when the host or
 * the connection is lost, its output goes on through another endpoint at the bytes that were printed.
 */
final class ExecCommand {
    /** How long it asks again when no endpoint answers: a host that is gone is replaced in less. */
    private static final long RETRY_NANOS = 60_000_000_000L;

    /** A 404 right at a change of owner may be early; a command that is lost stays lost. */
    private static final int NOT_FOUND_MAX = 20;

    private final Session session;
    private long stdout;
    private long stderr;

    ExecCommand(Session session) {
        this.session = session;
    }

    /** The command's exit status, 128 + n for signal n, 255 when it is lost. */
    int run(List<String> line) throws Failure, IOException {
        Arguments arguments = new Arguments("vm exec", line, Set.of("--env", "--cwd"), Set.of("--tty", "--no-stdin"));
        String vm = arguments.words("NAME").get(0);
        if (arguments.rest().isEmpty()) {
            throw Failure.usage("vm exec needs a command after --, such as: godwit vm exec " + vm + " -- uname -a");
        }
        boolean tty = arguments.flag("--tty");
        byte[] body = Json.bytes(request(arguments, tty));
        String vmPath = "/v1/vms/" + Session.encoded(vm) + "/exec";
        Fleet fleet = session.fleet();
        byte[] created = fleet.document(fleet.once(Request.post(vmPath, body), Fleet.ANSWER_MILLIS));
        String path = vmPath + "/" + Session.encoded(Json.text(Json.object(created), "execId"));
        ExecInput input = new ExecInput(fleet, path, session.in(), session.err());
        try (Terminal _ = Terminal.open(tty)) {
            ExecSignals.forward(fleet, path);
            if (!arguments.flag("--no-stdin")) {
                input.start();
            }
            return follow(path);
        }
    }

    private static Map<String, @Nullable Object> request(Arguments arguments, boolean tty) throws Failure {
        Map<String, String> env = new LinkedHashMap<>();
        for (String variable : arguments.all("--env")) {
            int equals = variable.indexOf('=');
            if (equals < 1) {
                throw Failure.usage("--env " + variable + " is not NAME=VALUE.");
            }
            env.put(variable.substring(0, equals), variable.substring(equals + 1));
        }
        Map<String, @Nullable Object> request = new LinkedHashMap<>();
        request.put("argv", arguments.rest());
        request.put("env", env);
        if (arguments.value("--cwd") != null) {
            request.put("cwd", arguments.value("--cwd"));
        }
        request.put("tty", tty);
        return request;
    }

    private int follow(String path) throws IOException {
        long lastHeard = System.nanoTime();
        int notFound = 0;
        String why = "";
        while (System.nanoTime() - lastHeard < RETRY_NANOS && notFound < NOT_FOUND_MAX) {
            Request request = Request.get(path + "/output?stdout=" + stdout + "&stderr=" + stderr);
            try (Answer answer = session.fleet().repeatable(request, Fleet.STREAM_SILENCE_MILLIS)) {
                Sse events = new Sse(answer.body());
                for (Sse.Message message = events.next(); message != null; message = events.next()) {
                    Integer exit = take(message);
                    if (exit != null) {
                        return exit;
                    }
                    lastHeard = System.nanoTime();
                    notFound = 0;
                }
                why = "the stream ended before the command did";
            } catch (IOException e) {
                why = Fleet.reason(e);
                session.fleet().avoidFirst();
            } catch (Failure failure) {
                why = failure.sentence();
                notFound += failure.exit() == Failure.NOT_FOUND ? 1 : 0;
                if (failure.exit() != Failure.NOT_FOUND && failure.exit() != Failure.UNREACHABLE) {
                    notFound++;
                }
                session.fleet().avoidFirst();
            }
            try {
                MoveCommands.pause();
            } catch (Failure interrupted) {
                return Failure.EXEC_LOST;
            }
        }
        session.err().println("godwit: the command is lost: " + why);
        return Failure.EXEC_LOST;
    }

    /** Null while the command runs. */
    private @Nullable Integer take(Sse.Message message) throws IOException {
        Map<String, @Nullable Object> fields = Json.object(message.data());
        switch (message.name()) {
            case "output" -> print(fields);
            case "end" -> {
                session.out().flush();
                if (fields.get("exit") instanceof Long exit) {
                    return exit.intValue();
                }
                if (fields.get("signal") instanceof Long signal) {
                    return 128 + signal.intValue();
                }
                throw new IOException("it ended the output with neither exit nor signal");
            }
            case "problem" -> throw new IOException(Json.text(fields, "detail"));
            default -> {
                return null; // a newer hostd may say more
            }
        }
        return null;
    }

    /** Prints what was not printed before. */
    private void print(Map<String, @Nullable Object> output) throws IOException {
        if (!(output.get("offset") instanceof Long offset) || !(output.get("data") instanceof String data)) {
            throw new IOException("it sent output without offset or data");
        }
        byte[] bytes = Base64.getDecoder().decode(data);
        boolean toStdout = "stdout".equals(output.get("stream"));
        long printed = toStdout ? stdout : stderr;
        if (offset > printed) {
            throw new IOException("it skipped output from " + printed + " to " + offset);
        }
        int known = (int) Math.min(printed - offset, bytes.length);
        var to = toStdout ? session.out() : session.err();
        to.write(bytes, known, bytes.length - known);
        to.flush();
        if (toStdout) {
            stdout += bytes.length - known;
        } else {
            stderr += bytes.length - known;
        }
    }
}
