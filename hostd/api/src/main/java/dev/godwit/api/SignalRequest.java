package dev.godwit.api;

import java.util.regex.Pattern;

/**
 * A signal for a command.
 *
 * @param name without SIG, for example {@code TERM}
 */
public record SignalRequest(String name) {
    private static final Pattern NAME = Pattern.compile("[A-Z0-9]{2,8}");

    public SignalRequest {
        Require.text("signal", name, 80);
        if (!NAME.matcher(name).matches()) {
            throw new IllegalArgumentException(
                    "signal \"" + Require.shown(name) + "\" is not the name of a signal without SIG, such as TERM");
        }
    }
}
