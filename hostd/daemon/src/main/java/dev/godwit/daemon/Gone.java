package dev.godwit.daemon;

import dev.godwit.api.Problem;
import dev.godwit.api.ProblemCode;

/** The output at the offset asked for has left the ring. */
public final class Gone extends ControlException {
    private static final long serialVersionUID = 1L;

    private final long firstOffset;

    /** @param firstOffset the oldest byte that is kept */
    public Gone(String sentence, long firstOffset) {
        super(ProblemCode.GONE, sentence);
        this.firstOffset = firstOffset;
    }

    /** The oldest byte that is kept. */
    public long firstOffset() {
        return firstOffset;
    }

    @Override
    public Problem problem() {
        return Problem.gone(sentence(), firstOffset);
    }
}
