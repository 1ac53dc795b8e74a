package dev.godwit.buildkite.api;

import java.io.IOException;

/** Buildkite answered that it did not do it, and asking again would not help. */
public final class StacksRefused extends IOException {
    private static final long serialVersionUID = 1L;

    private final int status;
    private final boolean afterLoss;

    StacksRefused(String sentence, int status, boolean afterLoss) {
        super(sentence);
        this.status = status;
        this.afterLoss = afterLoss;
    }

    /** Of HTTP. */
    public int status() {
        return status;
    }

    /** Whether an earlier request of the same call may have been done, its answer being lost. */
    boolean isAfterLoss() {
        return afterLoss;
    }
}
