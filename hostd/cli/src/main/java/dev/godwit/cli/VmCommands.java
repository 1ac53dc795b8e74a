package dev.godwit.cli;

import dev.godwit.api.CreateVm;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** {@code godwit vm ...} without {@code exec}. */
final class VmCommands {
    private static final int VCPUS = 1;
    private static final int MEMORY_MIB = 512;
    private static final int DISK_MIB = 4096;
    /** hostd gives a guest three minutes to come up. */
    private static final int BOOT_SECONDS = 200;

    private final Session session;
    private final Fleet fleet;

    VmCommands(Session session) {
        this.session = session;
        this.fleet = session.fleet();
    }

    void create(List<String> line) throws Failure, IOException {
        Arguments arguments = new Arguments(
                "vm create",
                line,
                Set.of(
                        "--image",
                        "--vcpus",
                        "--memory-mib",
                        "--disk-mib",
                        "--owner",
                        "--key",
                        "--label",
                        "--lease",
                        "--project",
                        "--timeout"),
                Set.of("--no-wait"));
        CreateVm wanted;
        try {
            wanted = new CreateVm(
                    arguments.words("NAME").get(0),
                    arguments.needed("--image"),
                    arguments.number("--vcpus", VCPUS),
                    arguments.number("--memory-mib", MEMORY_MIB),
                    arguments.number("--disk-mib", DISK_MIB),
                    arguments.value("--owner"),
                    arguments.value("--key"),
                    labels(arguments),
                    arguments.value("--lease") == null ? null : arguments.number("--lease", 0),
                    arguments.value("--project"));
        } catch (IllegalArgumentException e) {
            throw new Failure(Failure.USAGE, e.getMessage() + ".", e);
        }
        Map<String, @Nullable Object> body = new LinkedHashMap<>();
        body.put("name", wanted.name());
        body.put("image", wanted.image());
        body.put("vcpus", wanted.vcpus());
        body.put("memoryMib", wanted.memoryMib());
        body.put("diskMib", wanted.diskMib());
        body.put("labels", wanted.labels());
        putIfGiven(body, "owner", wanted.owner());
        putIfGiven(body, "key", wanted.key());
        putIfGiven(body, "leaseSeconds", wanted.leaseSeconds());
        putIfGiven(body, "project", wanted.project());
        Request request = Request.post("/v1/vms", Json.bytes(body));
        boolean keyed = wanted.key() != null;
        byte[] vm = fleet.document(
                keyed ? fleet.repeatable(request, Fleet.WORK_MILLIS) : fleet.once(request, Fleet.WORK_MILLIS));
        if (!arguments.flag("--no-wait")) {
            vm = awaitRunning(vm, arguments.number("--timeout", BOOT_SECONDS));
        }
        printVm(vm, keyed ? "is there" : "created");
    }

    /** A guest that does not answer yet takes no command: so the next line of a script may use it. */
    private byte[] awaitRunning(byte[] created, int seconds) throws Failure, IOException {
        byte[] vm = created;
        String id = Json.text(Json.object(created), "id");
        long start = System.nanoTime();
        while (Json.text(Json.object(vm), "state").equals("creating")) {
            if (System.nanoTime() - start > seconds * 1_000_000_000L) {
                throw new Failure(
                        Failure.FAILED,
                        "The guest of VM " + id + " did not answer within " + seconds + " s; 'godwit vm console " + id
                                + "' shows how far it is.");
            }
            MoveCommands.pause();
            vm = fleet.get("/v1/vms/" + Session.encoded(id));
        }
        if (Json.text(Json.object(vm), "state").equals("lost")) {
            throw new Failure(
                    Failure.FAILED,
                    "The guest of VM " + id + " did not come up; 'godwit vm console " + id + "' shows what it said.");
        }
        return vm;
    }

    private static void putIfGiven(Map<String, @Nullable Object> body, String field, @Nullable Object value) {
        if (value != null) {
            body.put(field, value);
        }
    }

    private static Map<String, String> labels(Arguments arguments) throws Failure {
        Map<String, String> labels = new LinkedHashMap<>();
        for (String label : arguments.all("--label")) {
            int equals = label.indexOf('=');
            if (equals < 1) {
                throw Failure.usage("--label " + label + " is not KEY=VALUE.");
            }
            labels.put(label.substring(0, equals), label.substring(equals + 1));
        }
        return labels;
    }

    void renew(List<String> line) throws Failure, IOException {
        Arguments arguments = new Arguments("vm renew", line, Set.of("--lease"), Set.of());
        String name = arguments.words("NAME").get(0);
        Map<String, @Nullable Object> body = new LinkedHashMap<>();
        if (arguments.value("--lease") != null) {
            body.put("leaseSeconds", arguments.number("--lease", 0));
        }
        Request request = Request.post("/v1/vms/" + Session.encoded(name) + "/lease", Json.bytes(body));
        byte[] document = fleet.document(fleet.repeatable(request, Fleet.ANSWER_MILLIS));
        if (session.json()) {
            session.document(document);
        } else {
            session.out().println(name + " is kept until " + Json.text(Json.object(document), "leaseEndsAt"));
        }
    }

    void list(List<String> line) throws Failure, IOException {
        Arguments arguments = new Arguments("vm list", line, Set.of("--owner", "--project", "--label"), Set.of());
        arguments.words();
        List<String> filters = new ArrayList<>();
        String owner = arguments.value("--owner");
        if (owner != null) {
            filters.add("owner=" + Session.encoded(owner));
        }
        String project = arguments.value("--project");
        if (project != null) {
            filters.add("project=" + Session.encoded(project));
        }
        labels(arguments).forEach((key, value) -> filters.add("label=" + Session.encoded(key + "=" + value)));
        byte[] document = fleet.get(filters.isEmpty() ? "/v1/vms" : "/v1/vms?" + String.join("&", filters));
        if (session.json()) {
            session.document(document);
            return;
        }
        Table table = new Table("NAME", "ID", "STATE", "HOST", "PROJECT", "ADDRESS", "VCPUS", "MEMORY", "IMAGE");
        for (Object element : Json.list(document)) {
            Map<String, @Nullable Object> vm = Json.asObject(element);
            table.row(
                    Json.text(vm, "name"),
                    Json.text(vm, "id"),
                    Json.text(vm, "state"),
                    Json.text(vm, "host"),
                    Json.text(vm, "project"),
                    Json.text(vm, "address"),
                    Json.text(vm, "vcpus"),
                    Json.text(vm, "memoryMib") + " MiB",
                    shortDigest(Json.text(vm, "image")));
        }
        session.out().print(table);
    }

    void show(List<String> line) throws Failure, IOException {
        byte[] document = fleet.get(path(line, "vm show"));
        if (session.json()) {
            session.document(document);
        } else {
            fields(session, Json.object(document));
        }
    }

    void remove(List<String> line) throws Failure {
        Arguments arguments = new Arguments("vm rm", line, Set.of(), Set.of("--force"));
        String name = arguments.words("NAME").get(0);
        String path = "/v1/vms/" + Session.encoded(name) + (arguments.flag("--force") ? "?force=true" : "");
        fleet.remove(path, Fleet.WORK_MILLIS);
        if (session.json()) {
            session.document(Json.bytes(Map.of("removed", name)));
        } else {
            session.out().println(name + " removed");
        }
    }

    void stop(List<String> line) throws Failure, IOException {
        String path = path(line, "vm stop");
        printVm(fleet.document(fleet.repeatable(Request.post(path + "/stop"), Fleet.WORK_MILLIS)), "stopped");
    }

    void claim(List<String> line) throws Failure, IOException {
        String path = path(line, "vm claim");
        printVm(fleet.document(fleet.once(Request.post(path + "/claim"), Fleet.WORK_MILLIS)), "taken over");
    }

    void console(List<String> line) throws Failure, IOException {
        String path = path(line, "vm console");
        try (Answer log = fleet.repeatable(Request.get(path + "/console"), Fleet.ANSWER_MILLIS)) {
            log.body().transferTo(session.out());
            session.out().flush();
        }
    }

    void move(List<String> line) throws Failure, IOException {
        Arguments arguments = new Arguments("vm move", line, Set.of("--timeout"), Set.of("--no-wait"));
        List<String> words = arguments.words("NAME", "HOST");
        byte[] body = Json.bytes(Map.of("target", words.get(1)));
        byte[] started = fleet.document(fleet.once(
                Request.post("/v1/vms/" + Session.encoded(words.get(0)) + "/move", body), Fleet.ANSWER_MILLIS));
        MoveCommands moves = new MoveCommands(session);
        if (arguments.flag("--no-wait")) {
            moves.printStarted(started);
        } else {
            moves.await(
                    Json.text(Json.object(started), "moveId"),
                    arguments.number("--timeout", MoveCommands.WAIT_SECONDS));
        }
    }

    private static String path(List<String> line, String command) throws Failure {
        return "/v1/vms/"
                + Session.encoded(new Arguments(command, line, Set.of(), Set.of())
                        .words("NAME")
                        .get(0));
    }

    private void printVm(byte[] document, String done) throws IOException {
        if (session.json()) {
            session.document(document);
            return;
        }
        Map<String, @Nullable Object> vm = Json.object(document);
        session.out()
                .println(Json.text(vm, "name") + " " + done + ": id " + Json.text(vm, "id") + ", "
                        + Json.text(vm, "state") + " on " + Json.text(vm, "host"));
    }

    /** A name and a value a line, aligned. */
    static void fields(Session session, Map<String, @Nullable Object> object) {
        int width = 0;
        for (String name : object.keySet()) {
            width = Math.max(width, name.length());
        }
        for (Map.Entry<String, @Nullable Object> field : object.entrySet()) {
            session.out()
                    .println(field.getKey()
                            + " ".repeat(width - field.getKey().length() + 2)
                            + Json.text(field.getValue()));
        }
    }

    static String shortDigest(String digest) {
        int shown = "sha256:".length() + 12;
        return digest.startsWith("sha256:") && digest.length() > shown ? digest.substring(0, shown) : digest;
    }
}
