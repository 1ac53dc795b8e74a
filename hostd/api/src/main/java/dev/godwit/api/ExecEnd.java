package dev.godwit.api;

import org.jspecify.annotations.Nullable;

/**
 * How a command ended; the SSE event {@code end}, the last one. Exactly one of the two is set.
 *
 * @param exit exit status
 * @param signal number of the signal
 */
public record ExecEnd(@Nullable Integer exit, @Nullable Integer signal) {
    public ExecEnd {
        if ((exit == null) == (signal == null)) {
            throw new IllegalArgumentException(
                    "a command ends by an exit status or by a signal, not by exit " + exit + " and signal " + signal);
        }
    }

    /** As a shell says it: the exit status, or 128 + the signal's number. */
    public int shellStatus() {
        return exit != null ? exit : 128 + (signal == null ? 0 : signal);
    }
}
