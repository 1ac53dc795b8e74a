package dev.godwit.cli;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** {@code godwit events}: follows the events of all hosts through one after the other, each event once. */
final class EventsCommand {
    /** How long it goes on when no endpoint answers. */
    private static final int RETRY_SECONDS = 60;

    private final Session session;
    private final Map<String, Long> lastOfHost = new TreeMap<>();

    EventsCommand(Session session) {
        this.session = session;
    }

    void follow(List<String> line) throws Failure {
        Arguments arguments = new Arguments("events", line, Set.of("--after", "--vm", "--count"), Set.of("--all"));
        arguments.words();
        String vm = arguments.value("--vm");
        int count = arguments.number("--count", Integer.MAX_VALUE);
        String query = vm == null ? "" : "?vm=" + Session.encoded(vm);
        remember(arguments);
        long lastHeard = System.nanoTime();
        while (count > 0) {
            Request request = Request.get("/v1/events" + query);
            if (!lastOfHost.isEmpty()) {
                request = request.with("Last-Event-ID: " + position());
            }
            try (Answer answer = session.fleet().repeatable(request, Fleet.STREAM_SILENCE_MILLIS)) {
                lastHeard = System.nanoTime();
                Sse events = new Sse(answer.body());
                for (Sse.Message message = events.next(); message != null && count > 0; message = events.next()) {
                    count -= print(message) ? 1 : 0;
                    lastHeard = System.nanoTime();
                    if (count == 0) {
                        return;
                    }
                }
            } catch (IOException e) {
                session.err().println("godwit: the stream broke off (" + Fleet.reason(e) + "); asking again");
            } catch (Failure failure) {
                if (failure.exit() != Failure.UNREACHABLE || tooLong(lastHeard)) {
                    throw failure;
                }
            }
            session.fleet().avoidFirst();
            MoveCommands.pause();
        }
    }

    private static boolean tooLong(long since) {
        return System.nanoTime() - since > RETRY_SECONDS * 1_000_000_000L;
    }

    private void remember(Arguments arguments) throws Failure {
        String after = arguments.value("--after");
        if (after != null) {
            for (String id : after.split(",", -1)) {
                int dot = id.lastIndexOf('.');
                try {
                    lastOfHost.put(id.substring(0, Math.max(dot, 0)), Long.parseLong(id.substring(dot + 1)));
                } catch (NumberFormatException e) {
                    throw new Failure(
                            Failure.USAGE, "--after " + id + " is not the id of an event, such as host-a.17.", e);
                }
            }
        } else if (arguments.flag("--all")) {
            // An id of a host that is not there: each host gives its whole log
            lastOfHost.put("all", 0L);
        }
    }

    private String position() {
        StringBuilder position = new StringBuilder();
        lastOfHost.forEach((host, number) -> position.append(position.isEmpty() ? "" : ",")
                .append(host)
                .append('.')
                .append(number));
        return position.toString();
    }

    private boolean print(Sse.Message message) throws IOException {
        if (message.name().equals("gap")) {
            session.err().println("godwit: older events are no longer kept");
            String first = Json.text(Json.object(message.data()), "firstId");
            lastOfHost.put(host(first), Math.max(0, number(first) - 1));
        }
        if (message.name().equals("position")) {
            isNew(Json.text(Json.object(message.data()), "id")); // remembered, to go on there
        }
        if (!message.name().equals("event")) {
            return false;
        }
        Map<String, @Nullable Object> event = Json.object(message.data());
        if (!isNew(Json.text(event, "id"))) {
            return false;
        }
        if (session.json()) {
            session.document(message.data());
            return true;
        }
        StringBuilder line = new StringBuilder();
        line.append(Json.text(event, "time")).append("  ").append(Json.text(event, "host"));
        line.append("  ").append(Json.text(event, "vm")).append("  ").append(Json.text(event, "type"));
        if (event.get("state") != null) {
            line.append(' ').append(Json.text(event, "state"));
        }
        if (event.get("elapsedMillis") != null) {
            line.append("  ").append(Json.text(event, "elapsedMillis")).append(" ms");
        }
        if (event.get("detail") != null) {
            line.append("  ").append(Json.text(event, "detail"));
        }
        session.out().println(line);
        session.out().flush();
        return true;
    }

    /** Whether it was not seen before; number 0 is not from a log and always new. */
    private boolean isNew(String id) throws IOException {
        long number = number(id);
        Long known = lastOfHost.get(host(id));
        if (number > 0 && known != null && number <= known) {
            return false;
        }
        lastOfHost.merge(host(id), number, Math::max);
        return true;
    }

    private static String host(String id) {
        return id.substring(0, Math.max(id.lastIndexOf('.'), 0));
    }

    private static long number(String id) throws IOException {
        try {
            return Long.parseLong(id.substring(id.lastIndexOf('.') + 1));
        } catch (NumberFormatException e) {
            throw new IOException("\"" + id + "\" is not the id of an event", e);
        }
    }
}
