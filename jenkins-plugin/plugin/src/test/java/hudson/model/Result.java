package hudson.model;

import java.io.Serializable;

/** Simulated. */
public final class Result implements Serializable {
    private static final long serialVersionUID = 1L;
    public static final Result ABORTED = new Result();

    private Result() {}
}
