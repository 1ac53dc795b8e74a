package dev.godwit.guest;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * A process to start. The id is the caller's choice (1 to 64 bytes): the same request under the same id is the same exec, however
 * often it is sent. The command is looked up in the PATH of {@code env} (a usual one is added where it names none).
 *
 * @param tty a terminal of {@code rows} x {@code columns} instead of three pipes
 */
public record ExecRequest(
        String id,
        List<String> argv,
        Map<String, String> env,
        String cwd,
        boolean tty,
        int rows,
        int columns,
        int uid,
        int gid) {
    private static final int ID_BYTES_MAX = 64;

    public ExecRequest {
        if (id.isEmpty() || id.length() > ID_BYTES_MAX) {
            throw new IllegalArgumentException(
                    "exec id '" + id + "' has " + id.length() + " characters, not 1 to " + ID_BYTES_MAX);
        }
        if (argv.isEmpty() || argv.getFirst().isEmpty()) {
            throw new IllegalArgumentException("argv of exec " + id + " is empty");
        }
        if (rows < 0 || rows > 65535 || columns < 0 || columns > 65535) {
            throw new IllegalArgumentException("terminal of " + rows + " x " + columns + " is not within 0 to 65535");
        }
        if (uid < 0 || gid < 0) {
            throw new IllegalArgumentException("uid " + uid + " or gid " + gid + " is negative");
        }
        argv = List.copyOf(argv);
        env = Map.copyOf(env);
    }

    /** As root, without a terminal. */
    public ExecRequest(String id, List<String> argv, Map<String, String> env, String cwd, boolean tty) {
        this(id, argv, env, cwd, tty, tty ? 24 : 0, tty ? 80 : 0, 0, 0);
    }

    public static ExecRequest of(String id, String... argv) {
        return new ExecRequest(id, List.of(argv), Map.of(), "/", false);
    }

    byte[] payload() {
        // Sorted, so that the same request has the same bytes: guestd compares them.
        List<String> variables = new TreeMap<>(env)
                .entrySet().stream()
                        .map(entry -> entry.getKey() + "=" + entry.getValue())
                        .toList();
        return new Payload()
                .string(id)
                .strings(argv)
                .strings(variables)
                .string(cwd)
                .u8(tty ? 1 : 0)
                .u32(rows)
                .u32(columns)
                .u32(uid)
                .u32(gid)
                .done();
    }
}
