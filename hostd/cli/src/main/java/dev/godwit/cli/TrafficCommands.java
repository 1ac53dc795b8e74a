package dev.godwit.cli;

import java.io.IOException;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** {@code godwit net flows|drops}: what happens to packets. */
final class TrafficCommands {
    /** How long it goes on when no endpoint answers, or nobody has the VM. */
    private static final long RETRY_NANOS = 60_000_000_000L;

    private final Session session;
    private final Fleet fleet;

    /** The time of the newest flow that was printed, by host: the next host tells what it kept from its start. */
    private final Map<String, String> printed = new HashMap<>();

    TrafficCommands(Session session) {
        this.session = session;
        this.fleet = session.fleet();
    }

    void flows(List<String> line) throws Failure, IOException {
        Arguments arguments = new Arguments("net flows", line, Set.of(), Set.of("--follow", "--json"));
        String vm = arguments.words("VM").get(0);
        boolean json = session.json() || arguments.flag("--json");
        String path = "/v1/vms/" + Session.encoded(vm) + "/flows";
        if (!arguments.flag("--follow")) {
            try (Answer answer = fleet.repeatable(Request.get(path), Fleet.STREAM_SILENCE_MILLIS)) {
                print(answer, json);
            }
            return;
        }
        follow(path + "?follow=true", json);
    }

    /** Asks the VM's next host when it has moved, or another endpoint when this one is lost. */
    private void follow(String path, boolean json) throws Failure {
        boolean followed = false;
        long lastHeard = System.nanoTime();
        while (true) {
            try (Answer answer = fleet.repeatable(Request.get(path), Fleet.STREAM_SILENCE_MILLIS)) {
                followed = true;
                lastHeard = System.nanoTime();
                print(answer, json);
                lastHeard = System.nanoTime();
            } catch (IOException e) {
                lastHeard = followed ? System.nanoTime() : lastHeard;
                session.err().println("godwit: the stream broke off (" + Fleet.reason(e) + "); asking again");
                fleet.avoidFirst();
            } catch (Failure failure) {
                boolean mayPass = failure.exit() == Failure.UNREACHABLE || failure.exit() == Failure.FAILED;
                if (!followed || !mayPass || System.nanoTime() - lastHeard > RETRY_NANOS) {
                    throw failure;
                }
                fleet.avoidFirst();
            }
            MoveCommands.pause();
        }
    }

    /** Prints to the end of the stream. */
    private void print(Answer answer, boolean json) throws IOException {
        Sse stream = new Sse(answer.body());
        for (Sse.Message message = stream.next(); message != null; message = stream.next()) {
            switch (message.name()) {
                case "flow" -> printFlow(message.data(), json);
                case "gap" -> session.err().println("godwit: some flows were not kept: they came too fast");
                case "problem" -> {
                    session.err().println("godwit: " + Json.text(Json.object(message.data()), "detail"));
                    return;
                }
                case "end" -> {
                    return;
                }
                default -> {
                    // a newer hostd may say more
                }
            }
        }
        throw new IOException("the stream ended before it said so");
    }

    private void printFlow(byte[] data, boolean json) throws IOException {
        Map<String, @Nullable Object> flow = Json.object(data);
        String host = Json.text(flow, "host");
        String time = Json.text(flow, "time");
        String last = printed.get(host);
        if (last != null && !later(time, last)) {
            return;
        }
        printed.put(host, time);
        if (json) {
            session.document(data);
            return;
        }
        String vm = end(flow, "vmAddress", "vmPort");
        String remote = end(flow, "remoteAddress", "remotePort");
        boolean out = Json.text(flow, "direction").equals("out");
        StringBuilder line = new StringBuilder();
        line.append(time).append("  ").append(host).append("  ").append(Json.text(flow, "kind"));
        line.append("  ").append(Json.text(flow, "direction")).append("  ").append(Json.text(flow, "protocol"));
        line.append("  ").append(out ? vm : remote).append(" -> ").append(out ? remote : vm);
        if (flow.get("reason") != null) {
            line.append("  ").append(Json.text(flow, "reason"));
        }
        session.out().println(line);
        session.out().flush();
    }

    private static boolean later(String time, String than) throws IOException {
        try {
            return Instant.parse(time).isAfter(Instant.parse(than));
        } catch (DateTimeException e) {
            throw new IOException("\"" + time + "\" is not a time", e);
        }
    }

    private static String end(Map<String, @Nullable Object> flow, String address, String port) {
        String text = Json.text(flow, address);
        String number = Json.text(flow, port);
        if (number.equals("0") || number.equals("-")) {
            return text;
        }
        return (text.indexOf(':') >= 0 ? "[" + text + "]" : text) + ":" + number;
    }

    void drops(List<String> line) throws Failure, IOException {
        Arguments arguments = new Arguments("net drops", line, Set.of(), Set.of("--all", "--json"));
        arguments.words();
        byte[] document = fleet.get("/v1/traffic");
        if (session.json() || arguments.flag("--json")) {
            session.document(document);
            return;
        }
        boolean all = arguments.flag("--all");
        Table table = new Table("HOST", "WHAT", "DIRECTION", "REASON OR WAY", "PACKETS", "BYTES");
        for (Object element : Json.list(document)) {
            Map<String, @Nullable Object> host = Json.asObject(element);
            rows(table, host, "dropped", all);
            rows(table, host, "passed", all);
        }
        session.out().print(table);
    }

    private static void rows(Table table, Map<String, @Nullable Object> host, String what, boolean all)
            throws IOException {
        if (!(host.get(what) instanceof List<?> counts)) {
            return;
        }
        for (Object element : counts) {
            Map<String, @Nullable Object> count = Json.asObject(element);
            if (all || !Json.text(count, "packets").equals("0")) {
                table.row(
                        Json.text(host, "host"),
                        what,
                        Json.text(count, "direction"),
                        Json.text(count, "what"),
                        Json.text(count, "packets"),
                        Json.text(count, "bytes"));
            }
        }
    }
}
