package dev.godwit.daemon;

import dev.godwit.api.Problem;
import dev.godwit.api.ProblemCode;

/**
 * A request that {@link Control} did not fulfil; its message is the sentence that the caller reads (what was tried, on
 * what, why it failed, what to do). {@link Problems} is the one place that makes an answer of it.
 */
public abstract sealed class ControlException extends RuntimeException
        permits NotFound, Refused, Conflict, Changed, Forbidden, Gone, AnswerLost, Unavailable {
    private static final long serialVersionUID = 1L;

    private final ProblemCode code;

    ControlException(ProblemCode code, String sentence) {
        super(sentence);
        this.code = code;
    }

    ControlException(ProblemCode code, String sentence, Throwable cause) {
        super(sentence, cause);
        this.code = code;
    }

    /** What kind of failure it is. */
    public ProblemCode code() {
        return code;
    }

    /** As it is sent. */
    public Problem problem() {
        return Problem.of(code, sentence());
    }

    /** The message. */
    public String sentence() {
        String message = getMessage();
        return message == null ? code.title() : message;
    }
}
