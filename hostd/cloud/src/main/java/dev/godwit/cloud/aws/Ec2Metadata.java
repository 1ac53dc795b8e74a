package dev.godwit.cloud.aws;

import java.io.IOException;
import java.io.InputStream;
import java.net.HttpURLConnection;
import java.net.Proxy;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The instance metadata service, version 2: a token by PUT, then GETs that carry it. The token is renewed before it
 * ends, and once when an answer is 401. No proxy is ever asked. For one thread.
 *
 * <p>Source: EC2 user guide, "Use the Instance Metadata Service to access instance metadata".
 */
public final class Ec2Metadata {
    /** Where every instance finds the service. */
    public static final URI DEFAULT_ENDPOINT = URI.create("http://169.254.169.254");
    /** The longest life that the service grants. */
    public static final Duration TOKEN_LIFETIME = Duration.ofHours(6);

    /** A healthy service answers in a few milliseconds; a longer wait would eat into the notice itself. */
    private static final Duration TIMEOUT = Duration.ofSeconds(1);
    /** The documents that hostd reads have under 200 bytes; more is not this service. */
    private static final int DOCUMENT_BYTES_MAX = 64 * 1024;

    private static final int UNAUTHORIZED = 401;
    private static final int NOT_FOUND = 404;

    private final URI endpoint;
    private final Duration tokenLifetime;
    private final InstantSource clock;
    private @Nullable Token token;

    private record Token(String value, Instant renewAt) {}

    private record Answer(int status, String body) {}

    /**
     * @param tokenLifetime asked for the token, 1 second to 6 hours
     */
    public Ec2Metadata(URI endpoint, Duration tokenLifetime, InstantSource clock) {
        if (tokenLifetime.toSeconds() < 1 || tokenLifetime.compareTo(TOKEN_LIFETIME) > 0) {
            throw new IllegalArgumentException("token lifetime " + tokenLifetime + " is not between PT1S and PT6H");
        }
        if (!"http".equals(endpoint.getScheme()) || endpoint.getHost() == null) {
            throw new IllegalArgumentException("metadata-endpoint '" + endpoint + "' is not http://HOST[:PORT]");
        }
        this.endpoint = endpoint;
        this.tokenLifetime = tokenLifetime;
        this.clock = clock;
    }

    /**
     * Reads a document, e.g. {@code /latest/meta-data/spot/instance-action}.
     *
     * @return empty where the service has none (404)
     * @throws IOException if the service can't be reached in a second, or answers anything but 200 and 404
     */
    public Optional<String> document(String path) throws IOException {
        Answer answer = get(path, validToken());
        if (answer.status() == UNAUTHORIZED) {
            token = null;
            answer = get(path, validToken());
        }
        return switch (answer.status()) {
            case HttpURLConnection.HTTP_OK -> Optional.of(answer.body());
            case NOT_FOUND -> Optional.empty();
            default ->
                throw new IOException("GET " + endpoint + path + " was answered with status " + answer.status()
                        + "; check that this is the instance metadata service");
        };
    }

    private String validToken() throws IOException {
        Token held = token;
        Instant now = clock.instant();
        if (held == null || !now.isBefore(held.renewAt())) {
            HttpURLConnection put = connection("/latest/api/token");
            put.setRequestMethod("PUT");
            put.setRequestProperty("X-aws-ec2-metadata-token-ttl-seconds", String.valueOf(tokenLifetime.toSeconds()));
            Answer answer = answer(put);
            if (answer.status() != HttpURLConnection.HTTP_OK || answer.body().isBlank()) {
                throw new IOException("PUT " + endpoint + "/latest/api/token was answered with status "
                        + answer.status() + "; without a token no notice can be read");
            }
            held = new Token(
                    answer.body().strip(),
                    now.plus(tokenLifetime.multipliedBy(9).dividedBy(10)));
            token = held;
        }
        return held.value();
    }

    private Answer get(String path, String tokenValue) throws IOException {
        HttpURLConnection get = connection(path);
        get.setRequestProperty("X-aws-ec2-metadata-token", tokenValue);
        return answer(get);
    }

    private HttpURLConnection connection(String path) throws IOException {
        HttpURLConnection connection =
                (HttpURLConnection) endpoint.resolve(path).toURL().openConnection(Proxy.NO_PROXY);
        connection.setConnectTimeout((int) TIMEOUT.toMillis());
        connection.setReadTimeout((int) TIMEOUT.toMillis());
        connection.setInstanceFollowRedirects(false);
        connection.setUseCaches(false);
        return connection;
    }

    private static Answer answer(HttpURLConnection connection) throws IOException {
        int status = connection.getResponseCode();
        try (InputStream body = status < 400 ? connection.getInputStream() : connection.getErrorStream()) {
            if (body == null) {
                return new Answer(status, "");
            }
            byte[] bytes = body.readNBytes(DOCUMENT_BYTES_MAX + 1);
            if (bytes.length > DOCUMENT_BYTES_MAX) {
                throw new IOException("the answer of " + connection.getURL() + " is longer than " + DOCUMENT_BYTES_MAX
                        + " bytes; this is not the instance metadata service");
            }
            return new Answer(status, new String(bytes, StandardCharsets.UTF_8));
        }
    }
}
