package dev.godwit.cli;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** {@code godwit move ...}, and waiting for a move. */
final class MoveCommands {
    /** A VM of hundreds of GiB over 10 Gb/s takes minutes; longer is worth a look. */
    static final int WAIT_SECONDS = 600;

    /** A move is seconds long and its record is read from memory. */
    private static final int POLL_MILLIS = 100;

    private final Session session;

    MoveCommands(Session session) {
        this.session = session;
    }

    void list(List<String> line) throws Failure, IOException {
        new Arguments("move list", line, Set.of(), Set.of()).words();
        byte[] document = session.fleet().get("/v1/moves");
        if (session.json()) {
            session.document(document);
            return;
        }
        Table table = new Table("ID", "VM", "FROM", "TO", "STATE", "STARTED", "MOVE MS", "BLACKOUT MS");
        for (Object element : Json.list(document)) {
            Map<String, @Nullable Object> move = Json.asObject(element);
            table.row(
                    Json.text(move, "id"),
                    Json.text(move, "vm"),
                    Json.text(move, "from"),
                    Json.text(move, "to"),
                    Json.text(move, "state"),
                    Json.text(move, "startedAt"),
                    Json.text(move, "moveMillis"),
                    blackout(move));
        }
        session.out().print(table);
    }

    void show(List<String> line) throws Failure, IOException {
        String id =
                new Arguments("move show", line, Set.of(), Set.of()).words("ID").get(0);
        byte[] document = session.fleet().get("/v1/moves/" + Session.encoded(id));
        if (session.json()) {
            session.document(document);
            return;
        }
        Map<String, @Nullable Object> move = Json.object(document);
        Object states = move.remove("states");
        VmCommands.fields(session, move);
        if (states instanceof List<?> list) {
            Table table = new Table("STATE", "AT MS");
            for (Object element : list) {
                Map<String, @Nullable Object> step = Json.asObject(element);
                table.row(Json.text(step, "state"), Json.text(step, "elapsedMillis"));
            }
            session.out().println();
            session.out().print(table);
        }
    }

    void printStarted(byte[] document) throws IOException {
        if (session.json()) {
            session.document(document);
        } else {
            String id = Json.text(Json.object(document), "moveId");
            session.out().println("move " + id + " began; godwit move show " + id + " tells how far it is");
        }
    }

    /** Waits until the move ended, telling its states; fails when it did not happen. */
    void await(String id, int seconds) throws Failure, IOException {
        long deadline = System.nanoTime() + seconds * 1_000_000_000L;
        String told = "";
        while (true) {
            byte[] document = session.fleet().get("/v1/moves/" + Session.encoded(id));
            Map<String, @Nullable Object> move = Json.object(document);
            String state = Json.text(move, "state");
            if (!state.equals(told) && !session.json()) {
                session.out().println(Json.text(move, "vm") + " " + state);
                session.out().flush();
            }
            told = state;
            if (ended(state)) {
                finish(move, document, state);
                return;
            }
            if (System.nanoTime() > deadline) {
                throw new Failure(
                        Failure.FAILED,
                        "Move " + id + " is still in " + state + " after " + seconds
                                + " s; it goes on. godwit move show " + id + " tells how far it is.");
            }
            pause();
        }
    }

    private static boolean ended(String state) {
        return switch (state) {
            case "RELEASE", "DONE", "ROLLED_BACK", "LOST", "REFUSED" -> true;
            default -> false;
        };
    }

    private void finish(Map<String, @Nullable Object> move, byte[] document, String state) throws Failure {
        if (session.json()) {
            session.document(document);
        }
        if (state.equals("RELEASE") || state.equals("DONE")) {
            if (!session.json()) {
                session.out()
                        .println("moved to " + Json.text(move, "to") + " in " + Json.text(move, "moveMillis")
                                + " ms, blackout " + blackout(move) + " ms");
            }
            return;
        }
        String sentence = Json.text(move, "failure");
        throw new Failure(state.equals("REFUSED") ? Failure.REFUSED : Failure.FAILED, sentence);
    }

    private static String blackout(Map<String, @Nullable Object> move) {
        return move.get("blackoutMillis") instanceof Map<?, ?> blackout ? Json.text(blackout.get("hostd")) : "-";
    }

    static void pause() throws Failure {
        try {
            Thread.sleep(POLL_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new Failure(Failure.FAILED, "Interrupted while waiting.", e);
        }
    }
}
