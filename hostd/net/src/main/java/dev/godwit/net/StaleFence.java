package dev.godwit.net;

import java.io.IOException;

/** A location with a lower fence than the one that stands was refused; nothing was written. */
public final class StaleFence extends IOException {
    private static final long serialVersionUID = 1L;

    private final long standing;

    StaleFence(VmAddress vm, long offered, long standing) {
        super("the location of " + vm + " under fence " + offered + " is older than the one known, under fence "
                + standing + "; it was ignored");
        this.standing = standing;
    }

    /** The fence that stands. */
    public long standing() {
        return standing;
    }
}
