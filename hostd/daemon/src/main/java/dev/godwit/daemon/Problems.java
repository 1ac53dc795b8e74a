package dev.godwit.daemon;

import dev.godwit.api.Problem;
import dev.godwit.api.ProblemCode;
import io.helidon.webserver.CloseConnectionException;
import io.helidon.webserver.http.RoutingResponse;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.io.IOException;
import java.io.UncheckedIOException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The one place that makes an answer of an exception. */
final class Problems {
    private Problems() {}

    private static final Logger LOG = LoggerFactory.getLogger(Problems.class);

    /** What the caller is told of it. */
    static Problem of(Throwable failure) {
        return switch (failure) {
            case ControlException refused -> refused.problem();
            case BadRequest bad -> Problem.of(bad.code(), sentence(bad));
            case IllegalArgumentException bad -> Problem.of(ProblemCode.BAD_REQUEST, sentence(bad) + ".");
            case UncheckedIOException io -> Problem.of(ProblemCode.INTERNAL, sentence(io));
            case IOException io -> Problem.of(ProblemCode.INTERNAL, sentence(io));
            default ->
                Problem.of(
                        ProblemCode.INTERNAL,
                        "hostd met a mistake of its own (" + failure.getClass().getSimpleName()
                                + "); its log has the details.");
        };
    }

    /**
     * Answers with what {@code failure} means.
     *
     * @throws CloseConnectionException a part of the answer has gone out: only the connection's end tells that the rest is
     *     missing, since an answer that ends in order is taken for whole
     */
    static void answer(ServerRequest request, ServerResponse response, Throwable failure) {
        Problem problem = of(failure);
        if (problem.status() >= ProblemCode.INTERNAL.status()) {
            LOG.warn(
                    "{} {} failed: {}",
                    request.prologue().method(),
                    request.path().path(),
                    problem.detail(),
                    failure);
        }
        if (!forget(response)) {
            throw new CloseConnectionException("the answer to " + request.path().path() + " broke off", failure);
        }
        Answers.problem(response, problem);
    }

    /** Whether nothing of the answer has gone out; what was prepared of it is dropped. */
    private static boolean forget(ServerResponse response) {
        return response instanceof RoutingResponse prepared && prepared.reset();
    }

    private static String sentence(Throwable failure) {
        String message = failure.getMessage();
        return message == null ? failure.getClass().getSimpleName() : message;
    }
}
