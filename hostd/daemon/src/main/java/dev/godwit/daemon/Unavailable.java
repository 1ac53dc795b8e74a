package dev.godwit.daemon;

import dev.godwit.api.ProblemCode;

/** Who must act can't be reached now: the guest, another host, the fleet store. Trying again may help. */
public final class Unavailable extends ControlException {
    private static final long serialVersionUID = 1L;

    public Unavailable(String sentence) {
        super(ProblemCode.UNAVAILABLE, sentence);
    }

    public Unavailable(String sentence, Throwable cause) {
        super(ProblemCode.UNAVAILABLE, sentence, cause);
    }
}
