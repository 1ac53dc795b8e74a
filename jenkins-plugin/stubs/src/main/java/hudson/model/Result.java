package hudson.model;

import java.io.Serializable;

/** Signature of {@code hudson.model.Result}: the members that the plugin uses. */
public final class Result implements Serializable {
    public static final Result FAILURE = null;

    public static final Result NOT_BUILT = null;

    public static final Result ABORTED = null;
}
