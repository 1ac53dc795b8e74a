package dev.godwit.daemon;

import java.io.IOException;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** Bytes that left through the interface of the peer wire, as the kernel counts them. */
final class LinkCounter {
    /** Columns of /proc/net/dev: eight of reception come first, bytes sent are the ninth. Source: proc(5). */
    private static final int SENT_BYTES_COLUMN = 8;

    private final @Nullable String interfaceName;

    /** @param address the peer address this host listens on; null or a wildcard: nothing is counted */
    LinkCounter(@Nullable InetAddress address) throws IOException {
        NetworkInterface found =
                address == null || address.isAnyLocalAddress() ? null : NetworkInterface.getByInetAddress(address);
        this.interfaceName = found == null ? null : found.getName();
    }

    /** Bytes sent since the interface came up; null where it is not known. */
    @Nullable
    Long sentBytes() throws IOException {
        if (interfaceName == null) {
            return null;
        }
        for (String line : Files.readAllLines(Path.of("/proc/self/net/dev"))) {
            int colon = line.indexOf(':');
            if (colon > 0 && line.substring(0, colon).strip().equals(interfaceName)) {
                return Long.parseLong(line.substring(colon + 1).strip().split("\\s+")[SENT_BYTES_COLUMN]);
            }
        }
        return null;
    }
}
