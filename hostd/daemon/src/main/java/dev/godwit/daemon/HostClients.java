package dev.godwit.daemon;

import java.net.InetAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What speaks HTTP with other hosts. Over TLS each must show the certificate of the host that is expected at its address: an
 * address that another one has taken over answers for nobody else's VMs. Thread-safe.
 */
final class HostClients implements AutoCloseable {
    /** A host that does not take a connection in this time is gone or going. */
    private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(3);

    private static final int HTTPS_PORT = 443;

    private final @Nullable HostTls tls;

    /** The latest host at each address. */
    private final Map<String, String> names = new HashMap<>();

    private HttpClient current;

    /**
     * Opens no connection yet.
     *
     * @param tls who this host is to others; null: without TLS
     */
    HostClients(@Nullable HostTls tls) {
        this.tls = tls;
        this.current = fresh();
    }

    /** For the next request to this host. */
    synchronized HttpClient client(OtherHost host) {
        URI address = host.restAddress();
        int port = address.getPort() < 0 ? HTTPS_PORT : address.getPort();
        String before = names.put(place(address.getHost(), port), host.id());
        if (before != null && !before.equals(host.id())) {
            current.shutdown(); // its connections and TLS sessions are with the host that was there; what runs ends
            current = fresh();
        }
        return current;
    }

    private HttpClient fresh() {
        HttpClient.Builder builder =
                HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).connectTimeout(CONNECT_TIMEOUT);
        return tls == null
                ? builder.build()
                : builder.sslContext(tls.toHosts(this::expectedAt)).build();
    }

    /** Who must be there; nobody's name where no host is known to be. */
    synchronized String expectedAt(String host, int port) {
        return Objects.requireNonNullElse(names.get(place(host, port)), "");
    }

    /** An IPv6 address has many ways to be written, and stands in brackets in a URI. */
    private static String place(String host, int port) {
        boolean bracketed = host.startsWith("[") && host.endsWith("]");
        String bare = bracketed ? host.substring(1, host.length() - 1) : host;
        return (bare.indexOf(':') < 0 ? bare : InetAddress.ofLiteral(bare).getHostAddress()) + " " + port;
    }

    @Override
    public synchronized void close() {
        current.shutdownNow();
    }
}
