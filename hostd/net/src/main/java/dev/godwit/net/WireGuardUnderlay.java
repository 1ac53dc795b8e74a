package dev.godwit.net;

import dev.godwit.linux.Links;
import java.io.IOException;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Base64;
import java.util.List;

/**
 * Encrypted tunnels between hosts by the kernel's WireGuard; VXLAN runs inside. Where the kernel has none, only an
 * underlay that is trusted by explicit setting ({@code underlay: plain}) is left. Stands in the kernel: nothing is to be
 * closed. Works in the network namespace of the calling thread.
 *
 * @param inside this host's address in the tunnel
 * @param port UDP port on which tunnels end
 */
public record WireGuardUnderlay(InetAddress inside, int port) {
    /** The device. */
    public static final String DEVICE = "gwwg0";
    /** What is left of 1500 bytes in an IPv6 packet. */
    public static final int MTU = 1420;

    private static final String PROBE_DEVICE = "gwwgprobe";
    private static final int KEY_BYTES = 32;

    public WireGuardUnderlay {
        inside = Addresses.station(inside, "the address inside the tunnel");
        if (port < 1 || port > 65535) {
            throw new IllegalArgumentException("port " + port + " is not between 1 and 65535");
        }
    }

    static String requireKey(String key, String what) {
        try {
            if (Base64.getDecoder().decode(key).length == KEY_BYTES) {
                return key;
            }
        } catch (IllegalArgumentException malformed) {
            // Said below; a key does not belong in a message.
        }
        throw new IllegalArgumentException("the " + what + " is not " + KEY_BYTES + " bytes in base64");
    }

    /** Whether this kernel has WireGuard and its tool is installed: tries it. */
    public static boolean isSupported() {
        try {
            CommandLine.run("wg", "--version");
            CommandLine.run("ip", "link", "add", PROBE_DEVICE, "type", "wireguard");
            CommandLine.run("ip", "link", "delete", PROBE_DEVICE);
            return true;
        } catch (IOException lacking) {
            return false;
        }
    }

    /**
     * Makes the device, or takes over the one that is there.
     *
     * @throws IOException the kernel has no WireGuard
     */
    public void open() throws IOException {
        try (Links links = Links.open()) {
            if (links.find(DEVICE).isEmpty()) {
                make();
            }
        }
    }

    private void make() throws IOException {
        try {
            CommandLine.run("ip", "link", "add", DEVICE, "type", "wireguard");
        } catch (IOException lacking) {
            throw new IOException(
                    "this kernel has no WireGuard; load the module, or set 'underlay: plain' where the network between"
                            + " the hosts is trusted",
                    lacking);
        }
        CommandLine.run("ip", "link", "set", "dev", DEVICE, "mtu", Integer.toString(MTU), "up");
        CommandLine.run("ip", "address", "add", inside.getHostAddress() + "/" + bits(inside), "dev", DEVICE);
    }

    /** Makes these the other ends; tunnels that stay are not disturbed. */
    public void peers(String privateKey, List<WireGuardPeer> peers) throws IOException {
        // The key goes over standard input: a command line is for all to read.
        CommandLine.runWithInput(configuration(privateKey, peers), "wg", "syncconf", DEVICE, "/dev/stdin");
        for (WireGuardPeer peer : peers) {
            CommandLine.run("ip", "route", "replace", allowed(peer), "dev", DEVICE);
        }
    }

    String configuration(String privateKey, List<WireGuardPeer> peers) {
        StringBuilder text = new StringBuilder("[Interface]\nPrivateKey = ")
                .append(requireKey(privateKey, "private key"))
                .append("\nListenPort = ")
                .append(port)
                .append('\n');
        for (WireGuardPeer peer : peers) {
            text.append("[Peer]\nPublicKey = ")
                    .append(peer.publicKey())
                    .append("\nAllowedIPs = ")
                    .append(allowed(peer))
                    .append("\nEndpoint = ")
                    .append(endpoint(peer.endpoint()))
                    .append('\n');
        }
        return text.toString();
    }

    private static String allowed(WireGuardPeer peer) {
        return peer.inside().getHostAddress() + "/" + bits(peer.inside());
    }

    private static String endpoint(InetSocketAddress endpoint) {
        String host = endpoint.getAddress().getHostAddress();
        return (endpoint.getAddress() instanceof Inet6Address ? "[" + host + "]" : host) + ":" + endpoint.getPort();
    }

    private static int bits(InetAddress address) {
        return address.getAddress().length * Byte.SIZE;
    }

    /** Takes the device away. */
    public void remove() throws IOException {
        CommandLine.run("ip", "link", "delete", DEVICE);
    }
}
