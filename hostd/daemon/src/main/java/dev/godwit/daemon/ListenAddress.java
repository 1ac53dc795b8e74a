package dev.godwit.daemon;

import com.fasterxml.jackson.annotation.JsonCreator;
import java.net.InetSocketAddress;

/**
 * {@code HOST:PORT}, an IPv6 address in brackets.
 *
 * @param host a name or an address
 * @param port 0 to 65,535; 0 takes a free one
 */
public record ListenAddress(String host, int port) {
    private static final int PORT_MAX = 65_535;

    public ListenAddress {
        if (host.isEmpty() || port < 0 || port > PORT_MAX) {
            throw new IllegalArgumentException(
                    "address \"" + host + ":" + port + "\" is not HOST:PORT, PORT 0 to 65535");
        }
    }

    /** Reads {@code 10.0.0.1:7700} or {@code [fd00::1]:7700}. */
    @JsonCreator
    public static ListenAddress parse(String text) {
        int colon = text.lastIndexOf(':');
        boolean bracketed = text.startsWith("[") && colon > 1 && text.charAt(colon - 1) == ']';
        if (colon < 1 || (!bracketed && text.indexOf(':') != colon)) {
            throw new IllegalArgumentException("address \"" + text + "\" is not HOST:PORT such as 10.0.0.1:7700");
        }
        try {
            int port = Integer.parseInt(text.substring(colon + 1));
            return new ListenAddress(bracketed ? text.substring(1, colon - 1) : text.substring(0, colon), port);
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException("address \"" + text + "\" has no number after its last colon", e);
        }
    }

    /** Looked up now. */
    public InetSocketAddress socketAddress() {
        return new InetSocketAddress(host, port);
    }

    @Override
    public String toString() {
        return (host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":" + port;
    }
}
