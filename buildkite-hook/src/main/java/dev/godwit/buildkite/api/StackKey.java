package dev.godwit.buildkite.api;

import java.util.regex.Pattern;

/**
 * The name of a stack in its organization.
 *
 * @param text 1 to 80 of A-Z, a-z, 0-9, - and _
 */
public record StackKey(String text) {
    private static final Pattern SHAPE = Pattern.compile("[A-Za-z0-9_-]{1,80}");

    public StackKey {
        if (!SHAPE.matcher(text).matches()) {
            throw new IllegalArgumentException("stack key \"" + text + "\" is not 1 to 80 of A-Z, a-z, 0-9, - and _");
        }
    }

    @Override
    public String toString() {
        return text;
    }
}
