package dev.godwit.cli;

import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;

/**
 * Where a hostd answers.
 *
 * @param text as the user wrote it
 */
record Endpoint(String text) {
    static final String DEFAULT = "unix:/run/godwit/hostd.sock";

    private static final int HTTP_PORT = 80;
    private static final int HTTPS_PORT = 443;

    Endpoint {
        if (!text.startsWith("unix:/") && !text.startsWith("http://") && !text.startsWith("https://")) {
            throw new IllegalArgumentException(
                    "endpoint \"" + text + "\" is neither unix:/PATH nor https://HOST:PORT (nor, in a lab, http:)");
        }
    }

    /** Whether it is spoken to over TLS. */
    boolean secure() {
        return text.startsWith("https://");
    }

    private boolean unix() {
        return text.startsWith("unix:");
    }

    StandardProtocolFamily family() {
        return unix() ? StandardProtocolFamily.UNIX : StandardProtocolFamily.INET;
    }

    /** Looked up now. */
    SocketAddress address() {
        if (unix()) {
            return UnixDomainSocketAddress.of(text.substring("unix:".length()));
        }
        String authority = host();
        int colon = authority.lastIndexOf(':');
        boolean port = colon > 0 && !authority.endsWith("]");
        String name = port ? authority.substring(0, colon) : authority;
        if (name.startsWith("[") && name.endsWith("]")) {
            name = name.substring(1, name.length() - 1);
        }
        try {
            return new InetSocketAddress(
                    name, port ? Integer.parseInt(authority.substring(colon + 1)) : secure() ? HTTPS_PORT : HTTP_PORT);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("endpoint \"" + text + "\" has no port number after its last colon", e);
        }
    }

    /** For the Host header. */
    String host() {
        if (unix()) {
            return "localhost";
        }
        String rest = text.substring(secure() ? "https://".length() : "http://".length());
        int slash = rest.indexOf('/');
        return slash < 0 ? rest : rest.substring(0, slash);
    }
}
