package dev.godwit.daemon;

import dev.godwit.api.ProblemCode;

/** It does not fit the state of things now: the name is taken, a move runs already, the VM is not stopped. */
public final class Conflict extends ControlException {
    private static final long serialVersionUID = 1L;

    /** @param code one that is sent with 409 */
    public Conflict(ProblemCode code, String sentence) {
        super(code, sentence);
        if (code.status() != ProblemCode.CONFLICT.status()) {
            throw new IllegalArgumentException("code " + code + " is sent with " + code.status() + ", not with 409");
        }
    }
}
