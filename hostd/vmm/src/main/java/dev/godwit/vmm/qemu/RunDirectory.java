package dev.godwit.vmm.qemu;

import dev.godwit.vmm.ForeignFolder;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;

/**
 * The files of one VM's process. What the VMM may write lies in {@code io/}, which belongs to the VMM's user; the
 * directory itself belongs to root, so that a VMM that was broken into can't point hostd at another process or file.
 *
 * @param path the directory, made by the driver; at most {@link #PATH_LENGTH_MAX} characters
 */
record RunDirectory(Path path) {
    /** A unix socket's address holds 107 bytes (unix(7)); the longest name below is 22. */
    static final int PATH_LENGTH_MAX = 80;

    /** A VMM says why it ends in its last lines. */
    private static final int LOG_TAIL_LINES = 8;
    /** More of a log than this is not read into a message. */
    private static final int LOG_TAIL_BYTES = 4096;

    RunDirectory {
        if (!path.isAbsolute()) {
            throw new IllegalArgumentException("run directory " + path + " is not an absolute path");
        }
        if (path.toString().getBytes(StandardCharsets.UTF_8).length > PATH_LENGTH_MAX) {
            throw new IllegalArgumentException("run directory " + path + " is longer than " + PATH_LENGTH_MAX
                    + " bytes: its unix sockets could not be named");
        }
    }

    Path pidFile() {
        return path.resolve("vmm.pid");
    }

    Path log() {
        return path.resolve("vmm.log");
    }

    /** hostd listens here for the RAM of a VMM that starts. */
    Path ramSocket() {
        return io().resolve("ram.sock");
    }

    /** Written by the VMM's user. */
    Path io() {
        return path.resolve("io");
    }

    Path commandSocket() {
        return io().resolve("qmp.sock");
    }

    Path watchdogSocket() {
        return io().resolve("watchdog.sock");
    }

    Path guestSocket() {
        return io().resolve("guest.sock");
    }

    Path console() {
        return io().resolve("console.log");
    }

    /** Makes the directory ready for a new process: nothing of an earlier one is left in it. */
    void prepare(int uid) throws IOException {
        Files.createDirectories(path);
        Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rwxr-x--x"));
        removeOwnFiles();
        Files.createDirectory(io());
        Files.setPosixFilePermissions(io(), PosixFilePermissions.fromString("rwx------"));
        giveTo(io(), uid);
    }

    /** Removes sockets and the pid file; logs stay for whoever wants to know why. */
    void removeSockets() throws IOException {
        for (Path file : List.of(pidFile(), ramSocket(), commandSocket(), watchdogSocket(), guestSocket())) {
            Files.deleteIfExists(file);
        }
    }

    /** Removes all that the driver and its VMM made here, and the directory when it is then empty. */
    void remove() throws IOException {
        removeOwnFiles();
        try (var left = Files.list(path)) {
            if (left.findAny().isPresent()) {
                return;
            }
        } catch (NoSuchFileException gone) {
            return;
        }
        Files.deleteIfExists(path);
    }

    private void removeOwnFiles() throws IOException {
        Files.deleteIfExists(pidFile());
        Files.deleteIfExists(log());
        ForeignFolder.remove(io());
    }

    /** The last lines of what launcher and VMM said, on one line. */
    String logTail() {
        try {
            byte[] log = Files.readAllBytes(log());
            int from = Math.max(0, log.length - LOG_TAIL_BYTES);
            List<String> lines = new String(log, from, log.length - from, StandardCharsets.UTF_8)
                    .lines()
                    .toList();
            return String.join(" | ", lines.subList(Math.max(0, lines.size() - LOG_TAIL_LINES), lines.size()));
        } catch (IOException unreadable) {
            return "no log: " + unreadable.getMessage();
        }
    }

    /** Gives a file to a user and the group of the same number, without following a link. */
    static void giveTo(Path file, int uid) throws IOException {
        Files.setAttribute(file, "unix:uid", uid, LinkOption.NOFOLLOW_LINKS);
        Files.setAttribute(file, "unix:gid", uid, LinkOption.NOFOLLOW_LINKS);
    }
}
