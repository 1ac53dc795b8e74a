package dev.godwit.guest;

import java.util.Locale;
import java.util.Map;

/** Linux signal numbers by name (signal(7), x86-64 and arm64 agree on these). */
final class Signals {
    private static final Map<String, Integer> NUMBERS = Map.ofEntries(
            Map.entry("HUP", 1),
            Map.entry("INT", 2),
            Map.entry("QUIT", 3),
            Map.entry("ABRT", 6),
            Map.entry("KILL", 9),
            Map.entry("USR1", 10),
            Map.entry("USR2", 12),
            Map.entry("PIPE", 13),
            Map.entry("ALRM", 14),
            Map.entry("TERM", 15),
            Map.entry("CONT", 18),
            Map.entry("STOP", 19),
            Map.entry("TSTP", 20),
            Map.entry("WINCH", 28));

    private Signals() {}

    /** With or without SIG before it. */
    static int number(String name) {
        String bare = name.toUpperCase(Locale.ROOT);
        Integer number = NUMBERS.get(bare.startsWith("SIG") ? bare.substring(3) : bare);
        if (number == null) {
            throw new IllegalArgumentException("signal '" + name + "' is not one of "
                    + NUMBERS.keySet().stream().sorted().toList());
        }
        return number;
    }
}
