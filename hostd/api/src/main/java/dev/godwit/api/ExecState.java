package dev.godwit.api;

import java.util.Locale;

/** How far a command in a guest is. */
public enum ExecState {
    RUNNING,
    EXITED,
    /** The guest or its record of the command is gone. */
    LOST;

    /** As it stands in JSON: lower case, words joined by {@code -}. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
