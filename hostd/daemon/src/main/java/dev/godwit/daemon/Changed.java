package dev.godwit.daemon;

import dev.godwit.api.ProblemCode;

/** It is not as the request's precondition wants it: somebody was quicker. Read it again, and decide again. */
public final class Changed extends ControlException {
    private static final long serialVersionUID = 1L;

    public Changed(String sentence) {
        super(ProblemCode.CHANGED, sentence);
    }
}
