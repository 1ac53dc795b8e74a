package dev.godwit.cli;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Asks the first endpoint that answers; it stays the first. Thread-safe. */
final class Fleet {
    /** Answers that hostd gives from memory, or in a short conversation with a guest. */
    static final int ANSWER_MILLIS = 20_000;

    /** Making and stopping a VM. */
    static final int WORK_MILLIS = 180_000;

    /** Images over the peer link. */
    static final int TRANSFER_MILLIS = 900_000;

    /** hostd sends a heartbeat on a stream every 2 s; after three missed ones its host is gone. */
    static final int STREAM_SILENCE_MILLIS = 7_000;

    /** A host that is going, or that does not reach the owner; another one may. */
    private static final int UNAVAILABLE = 503;

    /** A host passed the request on and got no answer: it may have been done. */
    private static final int ANSWER_LOST = 502;

    private final List<Endpoint> endpoints;
    private final TlsIdentity identity;
    private volatile int first;

    Fleet(List<Endpoint> endpoints, TlsIdentity identity) {
        this.endpoints = List.copyOf(endpoints);
        this.identity = identity;
    }

    /** Sends a request that must not be done twice: another endpoint is tried only when this one took no connection. */
    Answer once(Request request, int silenceMillis) throws Failure {
        return send(request, silenceMillis, false);
    }

    /** Sends a request that may be done twice: another endpoint is tried when this one is lost. */
    Answer repeatable(Request request, int silenceMillis) throws Failure {
        return send(request, silenceMillis, true);
    }

    byte[] get(String path) throws Failure {
        return document(repeatable(Request.get(path), ANSWER_MILLIS));
    }

    /** Removes something; what a request whose answer was lost removed already is no error. */
    void remove(String path, int silenceMillis) throws Failure {
        try {
            document(repeatable(Request.delete(path), silenceMillis));
        } catch (Failure failure) {
            if (failure.exit() != Failure.NOT_FOUND || !failure.afterLoss()) {
                throw failure;
            }
        }
    }

    byte[] document(Answer answer) throws Failure {
        try (answer) {
            return answer.document();
        } catch (IOException e) {
            throw new Failure(Failure.UNREACHABLE, "The answer broke off: " + reason(e) + ". Try again.", e);
        }
    }

    /** The endpoint of a stream was lost: another one goes first. */
    void avoidFirst() {
        first = (first + 1) % endpoints.size();
    }

    private Answer send(Request request, int silenceMillis, boolean repeatable) throws Failure {
        StringBuilder failures = new StringBuilder();
        Failure unavailable = null;
        boolean lost = false;
        int start = first;
        for (int i = 0; i < endpoints.size(); i++) {
            int index = (start + i) % endpoints.size();
            Endpoint endpoint = endpoints.get(index);
            boolean connected = false;
            try {
                Connection connection = Connection.open(endpoint, identity);
                connected = true;
                Answer answer = Answer.on(connection, endpoint, request, silenceMillis);
                if (answer.status() < 300) {
                    first = index;
                    return answer;
                }
                Failure failure = failure(answer).afterLoss(lost);
                if (!repeatable || (answer.status() != UNAVAILABLE && answer.status() != ANSWER_LOST)) {
                    throw failure;
                }
                lost |= answer.status() == ANSWER_LOST;
                unavailable = failure;
            } catch (IOException e) {
                if (connected && !repeatable) {
                    throw new Failure(
                            Failure.FAILED,
                            "The connection to " + endpoint.text() + " was lost after the request was sent ("
                                    + reason(e) + "); look whether it was done before asking again.",
                            e);
                }
                lost |= connected;
                failures.append(failures.isEmpty() ? "" : "; ")
                        .append(endpoint.text())
                        .append(": ")
                        .append(reason(e));
            }
        }
        if (unavailable != null) {
            throw unavailable;
        }
        throw new Failure(
                Failure.UNREACHABLE,
                "No hostd could be reached (" + failures
                        + "). Is it running there, and may you use its socket? --endpoint or GODWIT_ENDPOINTS names others.");
    }

    private static Failure failure(Answer answer) throws IOException {
        int exit = switch (answer.status()) {
            case 404 -> Failure.NOT_FOUND;
            case 403, 409, 412, 422 -> Failure.REFUSED;
            default -> Failure.FAILED;
        };
        try (answer) {
            byte[] document = answer.document();
            try {
                Map<String, @Nullable Object> problem = Json.object(document);
                if (problem.get("detail") instanceof String detail) {
                    return new Failure(exit, detail);
                }
            } catch (IOException e) {
                return new Failure(exit, "It answered " + answer.status() + " and not why; is it a hostd?", e);
            }
        }
        return new Failure(exit, "It answered " + answer.status() + " and not why; is it a hostd?");
    }

    static String reason(IOException e) {
        String message = e.getMessage();
        return message == null ? e.getClass().getSimpleName() : message;
    }
}
