package dev.godwit.guest;

/** The two output streams of an exec; with a terminal all output is STDOUT. The order is the protocol's. */
public enum OutStream {
    STDOUT,
    STDERR
}
