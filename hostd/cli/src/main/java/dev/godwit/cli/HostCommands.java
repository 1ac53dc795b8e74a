package dev.godwit.cli;

import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** {@code godwit host ...} and {@code godwit drain}. */
final class HostCommands {
    private final Session session;

    HostCommands(Session session) {
        this.session = session;
    }

    void list(List<String> line) throws Failure, IOException {
        new Arguments("host list", line, Set.of(), Set.of()).words();
        byte[] document = session.fleet().get("/v1/hosts");
        if (session.json()) {
            session.document(document);
            return;
        }
        Table table = new Table("ID", "ROLE", "STATE", "RUNS ON", "FREE MEMORY", "FREE DISK", "VMS", "REASON");
        for (Object element : Json.list(document)) {
            Map<String, @Nullable Object> host = Json.asObject(element);
            table.row(
                    Json.text(host, "id"),
                    Json.text(host, "role"),
                    Json.text(host, "state"),
                    Json.text(host, "accelerator"),
                    Json.text(host, "freeMemoryMib") + " MiB",
                    Json.text(host, "freeDiskMib") + " MiB",
                    host.get("vms") instanceof List<?> vms ? Integer.toString(vms.size()) : "-",
                    Json.text(host, "reason"));
        }
        session.out().print(table);
    }

    void status(List<String> line) throws Failure, IOException {
        Arguments arguments = new Arguments("host status", line, Set.of(), Set.of());
        byte[] document = session.fleet()
                .get(
                        arguments.count() == 0
                                ? "/v1/host"
                                : "/v1/hosts/"
                                        + Session.encoded(
                                                arguments.words("HOST").get(0)));
        if (session.json()) {
            session.document(document);
            return;
        }
        Map<String, @Nullable Object> host = Json.object(document);
        Object drain = host.remove("drain");
        Object versions = host.remove("versions");
        if (versions instanceof Map<?, ?> map) {
            map.forEach((name, version) -> host.put(name + " version", version));
        }
        VmCommands.fields(session, host);
        if (drain != null) {
            session.out().println();
            printPlan(Json.asObject(drain));
        }
    }

    void drain(List<String> line) throws Failure, IOException {
        Arguments arguments = new Arguments("drain", line, Set.of("--deadline-seconds"), Set.of());
        String path = arguments.count() == 0
                ? "/v1/host/drain"
                : "/v1/hosts/" + Session.encoded(arguments.words("HOST").get(0)) + "/drain";
        Map<String, @Nullable Object> body = new LinkedHashMap<>();
        if (arguments.value("--deadline-seconds") != null) {
            body.put("deadlineSeconds", arguments.number("--deadline-seconds", 0));
        }
        Fleet fleet = session.fleet();
        byte[] plan = fleet.document(fleet.repeatable(Request.post(path, Json.bytes(body)), Fleet.ANSWER_MILLIS));
        if (session.json()) {
            session.document(plan);
        } else {
            printPlan(Json.object(plan));
        }
    }

    private void printPlan(Map<String, @Nullable Object> plan) throws IOException {
        session.out()
                .println("drain: deadline " + Json.text(plan, "deadline") + ", predicted "
                        + Json.text(plan, "predictedMillis") + " ms, guard " + Json.text(plan, "guardMillis") + " ms");
        Table table = new Table("VM", "TO", "MODE", "PREDICTED MS", "MOVE", "REASON");
        if (plan.get("steps") instanceof List<?> steps) {
            for (Object element : steps) {
                Map<String, @Nullable Object> step = Json.asObject(element);
                Map<?, ?> planned = step.get("planned") instanceof Map<?, ?> map ? map : Map.of();
                table.row(
                        Json.text(step, "vm"),
                        Json.text(step, "to"),
                        Json.text(planned.get("mode")),
                        Json.text(planned.get("millis")),
                        Json.text(step, "moveId"),
                        Json.text(step, "reason"));
            }
        }
        session.out().print(table);
    }
}
