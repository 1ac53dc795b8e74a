package dev.godwit.daemon;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Where a host keeps things.
 *
 * @param state the state directory
 * @param images guest images, one directory each
 */
record HostPaths(Path state, Path images) {
    /** Unix socket names have a bound of 107 bytes; the longest name below a run directory takes this many. */
    private static final int SOCKET_NAME_BYTES = 40;

    private static final int SOCKET_PATH_BYTES_MAX = 107;

    HostPaths {
        int longest = state.toAbsolutePath().toString().length() + SOCKET_NAME_BYTES;
        if (longest > SOCKET_PATH_BYTES_MAX) {
            throw new IllegalArgumentException(
                    "state-directory " + state + " is too long: unix sockets below it would pass "
                            + SOCKET_PATH_BYTES_MAX + " bytes; choose a path of at most "
                            + (SOCKET_PATH_BYTES_MAX - SOCKET_NAME_BYTES) + " bytes");
        }
        state = state.toAbsolutePath();
    }

    Path vms() {
        return state.resolve("vms");
    }

    Path vm(String vmId) {
        return vms().resolve(vmId);
    }

    /** Sockets, logs and the pid file of one VMM. */
    Path run(String vmId) {
        return state.resolve("run").resolve(vmId);
    }

    /** hostd's own tmpfs for guest RAM. */
    Path ram() {
        return state.resolve("ram");
    }

    Path ramFile(String vmId) {
        return ram().resolve(vmId);
    }

    Path moves() {
        return state.resolve("moves");
    }

    void create() throws IOException {
        for (Path directory : new Path[] {images, vms(), state.resolve("run"), ram(), moves()}) {
            Files.createDirectories(directory);
        }
    }
}
