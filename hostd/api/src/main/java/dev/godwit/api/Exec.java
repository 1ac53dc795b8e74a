package dev.godwit.api;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A command in a guest.
 *
 * @param exit its exit status; null unless it exited by itself
 * @param signal the number of the signal that ended it; null unless one did
 * @param stdoutBytes how much it has written
 * @param stderrBytes how much it has written
 */
public record Exec(
        String id,
        String vm,
        List<String> argv,
        ExecState state,
        @Nullable Integer exit,
        @Nullable Integer signal,
        long stdoutBytes,
        long stderrBytes) {
    public Exec {
        Require.reference("exec id", id);
        argv = List.copyOf(argv);
    }
}
