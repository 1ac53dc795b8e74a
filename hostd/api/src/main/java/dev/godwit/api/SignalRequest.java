package dev.godwit.api;

import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A signal for a command.
 *
 * @param name without SIG, for example {@code TERM}
 * @param id 1 to 9,007,199,254,740,991, chosen by the caller: the guest remembers a command's last 16, and sends a signal that
 *     is asked for again with the same one only once, wherever the VM is by then; null: each request is another signal
 */
public record SignalRequest(String name, @Nullable Long id) {
    /** The largest integer that every reader of JSON keeps exactly (RFC 8259, section 6). */
    public static final long ID_MAX = (1L << 53) - 1;

    private static final Pattern NAME = Pattern.compile("[A-Z0-9]{2,8}");

    public SignalRequest {
        Require.text("signal", name, 80);
        if (!NAME.matcher(name).matches()) {
            throw new IllegalArgumentException(
                    "signal \"" + Require.shown(name) + "\" is not the name of a signal without SIG, such as TERM");
        }
        if (id != null && (id < 1 || id > ID_MAX)) {
            throw new IllegalArgumentException("id " + id + " of a signal is not between 1 and " + ID_MAX);
        }
    }
}
