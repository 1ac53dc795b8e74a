package dev.godwit.daemon;

import dev.godwit.api.ProblemCode;

/** It could be done, but is not: a host lacks something, or a rule forbids it. Trying again does not help. */
public final class Refused extends ControlException {
    private static final long serialVersionUID = 1L;

    /** @param code one that is sent with 422 */
    public Refused(ProblemCode code, String sentence) {
        super(code, sentence);
        if (code.status() != ProblemCode.REFUSED.status()) {
            throw new IllegalArgumentException("code " + code + " is sent with " + code.status() + ", not with 422");
        }
    }
}
