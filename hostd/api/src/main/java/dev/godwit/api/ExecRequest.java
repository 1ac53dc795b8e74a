package dev.godwit.api;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A command to run in a guest.
 *
 * @param argv program and arguments; the program is looked up in the guest's PATH
 * @param env variables on top of the image's; a request may leave it out
 * @param cwd null for {@code /}
 * @param tty whether it gets a terminal; its output is then all {@code stdout}
 */
public record ExecRequest(
        List<String> argv,
        Map<String, String> env,
        @Nullable String cwd,
        boolean tty) {
    /** A command line of a build fits with room; more is a mistake. */
    public static final int ARGUMENTS_MAX = 4096;

    /** Half of what Linux allows for arguments and environment together at the usual stack size. */
    public static final int CHARACTERS_MAX = 1_048_576;

    public ExecRequest {
        argv = Require.list("argv", argv, 1, ARGUMENTS_MAX);
        Require.text("argv[0]", argv.get(0), 4096);
        argv.forEach(argument -> Require.noNul("argument", argument));
        if (env == null) { // a reader of JSON hands over null for what the sender left out
            env = Map.of();
        }
        Require.between("the number of env variables", env.size(), 0, ARGUMENTS_MAX);
        Require.environment(env);
        env = Map.copyOf(env);
        if (cwd != null) {
            Require.text("cwd", cwd, 4096);
            Require.noNul("cwd", cwd);
            if (!cwd.startsWith("/")) {
                throw new IllegalArgumentException("cwd \"" + Require.shown(cwd) + "\" is not an absolute path");
            }
        }
        long characters = argv.stream().mapToLong(String::length).sum()
                + env.entrySet().stream()
                        .mapToLong(variable ->
                                variable.getKey().length() + variable.getValue().length())
                        .sum();
        Require.between("the length of argv and env together", characters, 1, CHARACTERS_MAX);
    }

    /** A command with nothing but its arguments. */
    public static ExecRequest of(String... argv) {
        return new ExecRequest(List.of(argv), Map.of(), null, false);
    }
}
