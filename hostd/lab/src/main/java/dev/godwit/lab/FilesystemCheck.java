package dev.godwit.lab;

import dev.godwit.api.DiskExport;
import java.io.IOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;

/** Copies a stopped VM's disk off its host's NBD socket and has e2fsck look at it. */
final class FilesystemCheck {
    /** Some GiB, mostly holes, over a unix socket. */
    private static final Duration COPY_LIMIT = Duration.ofMinutes(5);

    /** {@code e2fsck -n} has found nothing. */
    private static final int CLEAN = 0;

    /**
     * What e2fsck said.
     *
     * @param clean whether it found nothing at all
     * @param said its last lines
     */
    record Outcome(boolean clean, String said) {}

    private FilesystemCheck() {}

    /**
     * @param export on {@code host}
     * @param folder where the copy lies while it is looked at
     */
    static Outcome of(LabHost host, DiskExport export, Path folder) throws IOException {
        Path copy = folder.resolve("disk.raw");
        try {
            // The socket lies in the host's own mount namespace; a name that leads there through /proc is too long for
            // some clients, a link to it is not.
            Path socket = Files.createSymbolicLink(folder.resolve("nbd.sock"), host.path(export.socket()));
            Command.of("nbdcopy", uri(export.export(), socket), copy.toString())
                    .within(COPY_LIMIT)
                    .run();
            Command.Result fsck = Command.of("e2fsck", "-fn", copy.toString())
                    .within(COPY_LIMIT)
                    .tryRun();
            return new Outcome(fsck.status() == CLEAN, lastLines(fsck.output()));
        } finally {
            Files.deleteIfExists(copy);
            Files.deleteIfExists(folder.resolve("nbd.sock"));
        }
    }

    private static String uri(String export, Path socket) {
        return "nbd+unix:///" + encoded(export) + "?socket=" + encoded(socket.toString());
    }

    private static String encoded(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
    }

    private static String lastLines(String output) {
        String[] lines = output.strip().split("\n");
        int from = Math.max(0, lines.length - 3);
        return String.join(" / ", Arrays.asList(lines).subList(from, lines.length));
    }
}
