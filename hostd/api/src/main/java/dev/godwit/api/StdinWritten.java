package dev.godwit.api;

/**
 * How far a command's standard input is.
 *
 * @param nextOffset bytes accepted so far
 */
public record StdinWritten(long nextOffset) {
    public StdinWritten {
        Require.notNegative("nextOffset", nextOffset);
    }
}
