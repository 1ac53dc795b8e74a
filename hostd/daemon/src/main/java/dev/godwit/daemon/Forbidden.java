package dev.godwit.daemon;

import dev.godwit.api.ProblemCode;

/** The caller's certificate does not allow it. */
public final class Forbidden extends ControlException {
    private static final long serialVersionUID = 1L;

    public Forbidden(String sentence) {
        super(ProblemCode.FORBIDDEN, sentence);
    }
}
