package dev.godwit.daemon;

import dev.godwit.api.ProblemCode;

/** There is no such VM, move, image, command, or host. */
public final class NotFound extends ControlException {
    private static final long serialVersionUID = 1L;

    /** For example {@code There is no VM "build-7" in the fleet; godwit vm list shows those that are}. */
    public NotFound(String sentence) {
        super(ProblemCode.NOT_FOUND, sentence);
    }
}
