package dev.godwit.client;

import dev.godwit.api.Problem;
import dev.godwit.api.ProblemCode;
import java.io.IOException;

/** A hostd answered that it did not do it; its message is hostd's sentence. */
public final class RequestFailed extends IOException {
    private static final long serialVersionUID = 1L;

    private final transient Problem problem;
    private final boolean afterLoss;

    RequestFailed(Problem problem, boolean afterLoss) {
        super(problem.detail());
        this.problem = problem;
        this.afterLoss = afterLoss;
    }

    /** The whole answer. */
    public Problem problem() {
        return problem;
    }

    /** Whether an earlier sending of this request may have been done: its answer was lost. */
    public boolean afterLoss() {
        return afterLoss;
    }

    /** What kind of failure it is. */
    public ProblemCode code() {
        return problem.code();
    }
}
