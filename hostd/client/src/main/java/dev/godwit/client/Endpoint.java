package dev.godwit.client;

import java.net.URI;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Where a hostd answers.
 *
 * @param base {@code http(s)://HOST:PORT}; for a unix socket a host that is never looked up
 * @param socket path of a unix socket; null for TCP
 */
public record Endpoint(URI base, @Nullable Path socket) {
    private static final URI LOCAL = URI.create("http://localhost");

    public Endpoint {
        boolean http = "http".equals(base.getScheme()) || "https".equals(base.getScheme());
        if (!http || base.getHost() == null) {
            throw new IllegalArgumentException(
                    "endpoint \"" + base + "\" is neither unix:PATH nor http(s)://HOST:PORT");
        }
    }

    /** Reads {@code unix:PATH} or {@code http(s)://HOST:PORT}. */
    public static Endpoint parse(String text) {
        if (text.startsWith("unix:")) {
            String path = text.substring("unix:".length());
            if (path.isEmpty()) {
                throw new IllegalArgumentException("endpoint \"" + text + "\" names no path after unix:");
            }
            return new Endpoint(LOCAL, Path.of(path));
        }
        try {
            return new Endpoint(URI.create(text), null);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(
                    "endpoint \"" + text + "\" is neither unix:PATH nor http(s)://HOST:PORT", e);
        }
    }

    /** Reads a list separated by commas, as in {@code GODWIT_ENDPOINTS}. */
    public static List<Endpoint> parseList(String text) {
        return Arrays.stream(text.split(",", -1))
                .map(String::strip)
                .filter(part -> !part.isEmpty())
                .map(Endpoint::parse)
                .toList();
    }

    @Override
    public String toString() {
        return socket != null ? "unix:" + socket : base.toString();
    }
}
