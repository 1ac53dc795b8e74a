package dev.godwit.edge;

import java.io.IOException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;

/**
 * Puts an address on an interface and tells the neighbours: a gratuitous ARP, or an unsolicited neighbour advertisement.
 * Works in the network namespace of the calling thread.
 */
public final class DeviceClaim implements AddressClaim {
    private static final Duration WITHIN = Duration.ofSeconds(10);
    private static final int AT_ONCE = 3;

    private final String device;

    public DeviceClaim(String device) {
        this.device = device;
    }

    @Override
    public void claim(InetAddress address) throws IOException {
        String[] options = address instanceof Inet4Address ? new String[0] : new String[] {"nodad"};
        Program.run(WITHIN, "address replace " + line(address, options), List.of("ip", "-batch", "-"));
        for (int i = 0; i < AT_ONCE; i++) {
            announce(address);
        }
    }

    @Override
    public void announce(InetAddress address) throws IOException {
        Announcement.send(device, address);
    }

    @Override
    public void release(InetAddress address) throws IOException {
        NetworkInterface link = NetworkInterface.getByName(device);
        if (link != null && link.inetAddresses().anyMatch(has -> sameBytes(has, address))) {
            Program.run(WITHIN, "address del " + line(address), List.of("ip", "-batch", "-"));
        }
    }

    /** Java tells IPv6 addresses of different interfaces apart. */
    private static boolean sameBytes(InetAddress one, InetAddress other) {
        return Arrays.equals(one.getAddress(), other.getAddress());
    }

    private String line(InetAddress address, String... options) {
        return prefix(address) + " dev " + device + (options.length == 0 ? "" : " " + String.join(" ", options)) + "\n";
    }

    private static String prefix(InetAddress address) {
        return address.getHostAddress().replaceFirst("%.*", "") + (address instanceof Inet4Address ? "/32" : "/128");
    }
}
