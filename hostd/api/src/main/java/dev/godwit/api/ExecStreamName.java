package dev.godwit.api;

import java.util.Locale;

/** An output stream of a command. */
public enum ExecStreamName {
    STDOUT,
    STDERR;

    /** As it stands in JSON: lower case, words joined by {@code -}. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
