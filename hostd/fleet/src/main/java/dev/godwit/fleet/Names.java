package dev.godwit.fleet;

import java.util.regex.Pattern;

/** What ids and names look like: they become parts of keys and of file names. */
final class Names {
    private static final Pattern ID = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,127}");

    private Names() {}

    static void requireId(String what, String id) {
        if (!ID.matcher(id).matches()) {
            throw new IllegalArgumentException(what + " '" + id
                    + "' is not 1 to 128 letters, digits, '.', '_' or '-', beginning with a letter or digit");
        }
    }
}
