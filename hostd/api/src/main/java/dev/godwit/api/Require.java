package dev.godwit.api;

import java.util.List;
import java.util.Map;
import java.util.function.ToIntFunction;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** What constructors of this package demand of their values; every message holds the bad value and what is allowed. */
final class Require {
    private Require() {}

    /** Longest piece of a bad value that a message repeats: the rest would only fill logs. */
    private static final int SHOWN_CHARACTERS_MAX = 80;

    private static final Pattern NAME = Pattern.compile("[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?");
    private static final Pattern REFERENCE = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._:/@-]{0,254}");

    static void name(String what, @Nullable String value) {
        if (value == null) {
            throw missing(what);
        }
        if (!NAME.matcher(value).matches()) {
            throw new IllegalArgumentException(what + " \"" + shown(value)
                    + "\" is not a name: 1 to 63 of a-z, 0-9 and -, with a letter or digit at both ends");
        }
    }

    /** An id, digest, or name of something that exists already. */
    static void reference(String what, @Nullable String value) {
        if (value == null) {
            throw missing(what);
        }
        if (!REFERENCE.matcher(value).matches()) {
            throw new IllegalArgumentException(what + " \"" + shown(value)
                    + "\" is neither a name nor an id: 1 to 255 of letters, digits and . _ : / @ -");
        }
    }

    static void between(String what, long value, long min, long max) {
        if (value < min || value > max) {
            throw new IllegalArgumentException(what + " " + value + " is not between " + min + " and " + max);
        }
    }

    static void notNegative(String what, long value) {
        if (value < 0) {
            throw new IllegalArgumentException(what + " " + value + " is below 0");
        }
    }

    /** What a person still reads; and 64 labels of it fit a record of the fleet store. */
    static final int LABEL_CHARACTERS_MAX = 255;

    private static final int LABELS_MAX = 64;

    /** Labels left out are none. */
    static Map<String, String> labels(@Nullable Map<String, String> labels) {
        if (labels == null) {
            return Map.of();
        }
        between("the number of labels", labels.size(), 0, LABELS_MAX);
        for (Map.Entry<String, String> label : labels.entrySet()) {
            reference("label", label.getKey());
            String value = label.getValue();
            if (value == null || value.length() > LABEL_CHARACTERS_MAX) {
                throw new IllegalArgumentException("label " + label.getKey() + " has "
                        + (value == null
                                ? "no value"
                                : "a value of " + value.length() + " characters, most is " + LABEL_CHARACTERS_MAX));
            }
        }
        return Map.copyOf(labels);
    }

    static void text(String what, @Nullable String value, int charactersMax) {
        if (value == null) {
            throw missing(what);
        }
        if (value.isBlank() || value.length() > charactersMax) {
            throw new IllegalArgumentException(
                    what + " \"" + shown(value) + "\" is not a text of 1 to " + charactersMax + " characters");
        }
    }

    /** Strings that end up as C strings in the guest. */
    static void noNul(String what, @Nullable String value) {
        if (value == null) {
            throw missing(what);
        }
        if (value.indexOf('\0') >= 0) {
            throw new IllegalArgumentException(what + " \"" + shown(value) + "\" holds a NUL character");
        }
    }

    static <T> List<T> list(String what, @Nullable List<T> values, int min, int max) {
        if (values == null) {
            throw missing(what);
        }
        if (values.stream().anyMatch(value -> value == null)) {
            throw new IllegalArgumentException("an entry of " + what + " is null");
        }
        between("the number of entries of " + what, values.size(), min, max);
        return List.copyOf(values);
    }

    static void present(String what, @Nullable Object value) {
        if (value == null) {
            throw missing(what);
        }
    }

    static <T> int sum(List<T> values, ToIntFunction<T> of) {
        return values.stream().mapToInt(of).sum();
    }

    static void environment(Map<String, String> env) {
        for (Map.Entry<String, String> variable : env.entrySet()) {
            String key = variable.getKey();
            if (key.isEmpty() || key.indexOf('=') >= 0) {
                throw new IllegalArgumentException(
                        "env variable \"" + shown(key) + "\" is not a name: it is empty or holds an =");
            }
            noNul("env variable", key);
            noNul("env " + shown(key), variable.getValue());
        }
    }

    /** A reader of JSON hands over null for what the sender left out. */
    private static IllegalArgumentException missing(String what) {
        return new IllegalArgumentException(what + " is missing");
    }

    static String shown(String value) {
        return value.length() <= SHOWN_CHARACTERS_MAX ? value : value.substring(0, SHOWN_CHARACTERS_MAX) + "...";
    }
}
