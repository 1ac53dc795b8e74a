package dev.godwit.vmm.qemu;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A tap device without address, up. */
record TestTap(String name) implements AutoCloseable {
    TestTap {
        ip("tuntap", "add", "dev", name, "mode", "tap", "vnet_hdr");
        ip("link", "set", "dev", name, "up");
    }

    /** Frames that QEMU has written to it. */
    long framesFromGuest() throws IOException {
        return Long.parseLong(Files.readString(Path.of("/sys/class/net", name, "statistics/rx_packets"))
                .strip());
    }

    private static void ip(String... words) {
        List<String> command = new ArrayList<>(List.of("ip"));
        command.addAll(List.of(words));
        try {
            Process process =
                    new ProcessBuilder(command).redirectErrorStream(true).start();
            String said = new String(process.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
            if (process.waitFor() != 0) {
                throw new IllegalStateException(command + " failed: " + said);
            }
        } catch (IOException | InterruptedException failed) {
            throw new IllegalStateException(command + " failed", failed);
        }
    }

    @Override
    public void close() {
        ip("link", "del", "dev", name);
    }
}
