package dev.godwit.daemon;

import dev.godwit.api.ProblemCode;

/** Another host was asked to do it, and its answer is missing: it may have done it. Asking again may do it twice. */
public final class AnswerLost extends ControlException {
    private static final long serialVersionUID = 1L;

    public AnswerLost(String sentence, Throwable cause) {
        super(ProblemCode.ANSWER_LOST, sentence, cause);
    }
}
