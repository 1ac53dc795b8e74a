package dev.godwit.jenkins.broker;

/** What constructors demand of their values; every message holds the bad value and what is allowed. */
final class Check {
    /** Longest piece of a bad value that a message repeats. */
    private static final int SHOWN_CHARACTERS_MAX = 80;

    private Check() {}

    static void between(String what, long value, long min, long max) {
        if (value < min || value > max) {
            throw new IllegalArgumentException(what + " " + value
                    + (max == Integer.MAX_VALUE ? " is below " + min : " is not between " + min + " and " + max));
        }
    }

    static void matches(String what, String value, String pattern, String allowed) {
        if (!value.matches(pattern)) {
            String shown =
                    value.length() <= SHOWN_CHARACTERS_MAX ? value : value.substring(0, SHOWN_CHARACTERS_MAX) + "...";
            throw new IllegalArgumentException(what + " \"" + shown + "\" is not " + allowed);
        }
    }
}
