package dev.godwit.api;

import java.util.Locale;

/** How a move carries the VM. */
public enum MoveMode {
    PRE_COPY,
    POST_COPY,
    STOP_AND_COPY,
    RECOVER;

    /** As it stands in JSON: lower case, words joined by {@code -}. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
