package dev.godwit.cli;

import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** {@code godwit image ...}. */
final class ImageCommands {
    /** Building a Debian image takes a minute or two where packages are near. */
    private static final int BUILD_SECONDS = 1800;

    private final Session session;

    ImageCommands(Session session) {
        this.session = session;
    }

    void build(List<String> line) throws Failure, IOException {
        Arguments arguments = new Arguments("image build", line, Set.of("--recipe", "--timeout"), Set.of("--no-wait"));
        String name = arguments.words("NAME").get(0);
        String recipe = arguments.value("--recipe");
        Map<String, @Nullable Object> body = new LinkedHashMap<>();
        body.put("name", name);
        body.put("recipe", recipe == null ? name : recipe);
        Fleet fleet = session.fleet();
        byte[] image = fleet.document(fleet.once(Request.post("/v1/images", Json.bytes(body)), Fleet.WORK_MILLIS));
        if (!arguments.flag("--no-wait")) {
            image = await(name, image, arguments.number("--timeout", BUILD_SECONDS));
        }
        if (session.json()) {
            session.document(image);
        } else {
            Map<String, @Nullable Object> built = Json.object(image);
            session.out()
                    .println(name + " " + Json.text(built, "state") + " on " + Json.text(built, "host") + ": "
                            + Json.text(built, "digest"));
        }
    }

    private byte[] await(String name, byte[] first, int seconds) throws Failure, IOException {
        long deadline = System.nanoTime() + seconds * 1_000_000_000L;
        byte[] document = first;
        String told = "";
        while (true) {
            Map<String, @Nullable Object> image = Json.object(document);
            String state = Json.text(image, "state");
            String detail = Json.text(image, "detail");
            if (state.equals("ready")) {
                return document;
            }
            if (state.equals("failed")) {
                throw new Failure(Failure.FAILED, "Image " + name + " could not be built: " + detail);
            }
            if (!detail.equals(told) && !session.json()) {
                session.out().println(name + ": " + detail);
                session.out().flush();
                told = detail;
            }
            if (System.nanoTime() > deadline) {
                throw new Failure(
                        Failure.FAILED,
                        "Image " + name + " is not built after " + seconds
                                + " s; it goes on. godwit image list tells.");
            }
            MoveCommands.pause();
            document = session.fleet().get("/v1/images/" + Session.encoded(name));
        }
    }

    void list(List<String> line) throws Failure, IOException {
        new Arguments("image list", line, Set.of(), Set.of()).words();
        byte[] document = session.fleet().get("/v1/images");
        if (session.json()) {
            session.document(document);
            return;
        }
        Table table = new Table("NAME", "HOST", "STATE", "BYTES", "CREATED", "DIGEST");
        for (Object element : Json.list(document)) {
            Map<String, @Nullable Object> image = Json.asObject(element);
            table.row(
                    Json.text(image, "name"),
                    Json.text(image, "host"),
                    Json.text(image, "state"),
                    Json.text(image, "sizeBytes"),
                    Json.text(image, "createdAt"),
                    Json.text(image, "digest"));
        }
        session.out().print(table);
    }

    void push(List<String> line) throws Failure, IOException {
        List<String> words = new Arguments("image push", line, Set.of(), Set.of()).words("IMAGE", "HOST");
        Fleet fleet = session.fleet();
        byte[] pushed = fleet.document(fleet.repeatable(
                Request.post(
                        "/v1/images/" + Session.encoded(words.get(0)) + "/push",
                        Json.bytes(Map.of("host", words.get(1)))),
                Fleet.TRANSFER_MILLIS));
        if (session.json()) {
            session.document(pushed);
        } else {
            Map<String, @Nullable Object> image = Json.object(pushed);
            session.out()
                    .println(Json.text(image, "digest") + " is on " + Json.text(image, "host") + "; "
                            + Json.text(image, "bytesSent") + " bytes sent");
        }
    }
}
