package dev.godwit.buildkite.api;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import okhttp3.HttpUrl;
import okhttp3.MediaType;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.RequestBody;
import okhttp3.Response;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Requests to Buildkite and their repetition. The token goes to the API's own host and nowhere else. Thread-safe. */
final class Wire implements AutoCloseable {
    static final ObjectMapper JSON = new ObjectMapper();

    private static final Logger log = LoggerFactory.getLogger(Wire.class);
    private static final MediaType TYPE = MediaType.get("application/json");
    private static final Duration CALL_MAX = Duration.ofSeconds(60);
    /** A dead connection is dropped after this and is made anew. */
    private static final Duration PING_EVERY = Duration.ofSeconds(10);
    /** A page of 1,000 jobs has less. */
    private static final long ANSWER_BYTES_MAX = 16 << 20;

    private final HttpUrl base;
    private final AgentToken token;
    private final Pauses pauses;
    private final OkHttpClient http;

    Wire(HttpUrl base, AgentToken token, Pauses pauses) {
        this.base = base;
        this.token = token;
        this.pauses = pauses;
        this.http = new OkHttpClient.Builder()
                .callTimeout(CALL_MAX)
                .pingInterval(PING_EVERY)
                // What is asked again, and where, is decided here.
                .retryOnConnectionFailure(false)
                .followRedirects(false)
                .build();
    }

    /** What was answered; the response is closed. */
    record Answer(JsonNode json, Response head) {}

    HttpUrl.Builder path(String... segments) {
        HttpUrl.Builder url = base.newBuilder();
        for (String segment : segments) {
            url.addPathSegment(segment);
        }
        return url;
    }

    Answer get(HttpUrl url) throws IOException {
        return send(url, "GET", null);
    }

    Answer post(HttpUrl url, JsonNode body) throws IOException {
        return send(url, "POST", body);
    }

    Answer put(HttpUrl url, JsonNode body) throws IOException {
        return send(url, "PUT", body);
    }

    /**
     * Sends until there is an answer, five times at most: again after 429 and 5xx, a lost connection, and an answer that is no
     * JSON.
     *
     * @throws StacksRefused any other status, or these to the last
     */
    private Answer send(HttpUrl url, String method, @Nullable JsonNode body) throws IOException {
        boolean lost = false; // an earlier request may have been done
        for (int attempt = 1; ; attempt++) {
            IOException failure;
            Duration asked = Duration.ZERO;
            try (Response response = http.newCall(request(url, method, body)).execute()) {
                byte[] answer = response.peekBody(ANSWER_BYTES_MAX).bytes();
                if (response.isSuccessful()) {
                    return new Answer(answer.length == 0 ? JSON.createObjectNode() : JSON.readTree(answer), response);
                }
                StacksRefused refused = refused(response, method, url, answer, lost);
                if (!mayPass(response.code())) {
                    throw refused;
                }
                failure = refused;
                asked = retryAfter(response);
            } catch (StacksRefused refused) {
                throw refused;
            } catch (JsonProcessingException garbage) {
                failure = new IOException(
                        "Buildkite's answer to " + method + " " + url.encodedPath() + " is no JSON: "
                                + garbage.getOriginalMessage(),
                        garbage);
                lost = true;
            } catch (InterruptedIOException timeout) {
                if (Thread.currentThread().isInterrupted()) {
                    throw timeout;
                }
                failure = timeout;
                lost = true;
            } catch (IOException cut) {
                failure = cut;
                lost = true;
            }
            if (attempt == Pauses.ATTEMPTS_MAX) {
                throw exhausted(failure, method, url);
            }
            log.info("{} {} is tried again: {}", method, url.encodedPath(), failure.getMessage());
            pause(attempt, asked);
        }
    }

    private Request request(HttpUrl url, String method, @Nullable JsonNode body) throws IOException {
        if (!url.host().equals(base.host())
                || url.port() != base.port()
                || !url.scheme().equals(base.scheme())) {
            throw new IllegalArgumentException(url + " is not at " + base + ", and the token goes nowhere else");
        }
        return new Request.Builder()
                .url(url)
                .header("Authorization", token.authorization())
                .header("User-Agent", "godwit-buildkite")
                .method(method, body == null ? null : RequestBody.create(JSON.writeValueAsBytes(body), TYPE))
                .build();
    }

    private static IOException exhausted(IOException failure, String method, HttpUrl url) {
        return failure instanceof StacksRefused refused
                ? refused
                : new IOException(
                        "Buildkite did not answer " + method + " " + url.encodedPath() + " in " + Pauses.ATTEMPTS_MAX
                                + " tries: " + failure.getMessage(),
                        failure);
    }

    private static boolean mayPass(int status) {
        return status == 429 || status >= 500;
    }

    private static StacksRefused refused(Response response, String method, HttpUrl url, byte[] answer, boolean lost) {
        String message = "";
        try {
            message = JSON.readTree(answer).path("message").asText();
        } catch (IOException noJson) {
            log.debug("the answer {} of {} is no JSON", response.code(), url.encodedPath());
        }
        String hint = switch (response.code()) {
            case 401 -> "; is the agent token that of the cluster, and not revoked?";
            case 301, 302, 303, 307, 308 -> "; it points elsewhere, where the token does not go";
            default -> "";
        };
        return new StacksRefused(
                "Buildkite answered " + method + " " + url.encodedPath() + " with " + response.code()
                        + (message.isBlank() ? "" : ": " + message) + hint,
                response.code(),
                lost);
    }

    /** In whole seconds; sources name Retry-After, and RateLimit-Reset where that is missing. */
    private static Duration retryAfter(Response response) {
        String text = response.header("Retry-After", response.header("RateLimit-Reset", "0"));
        try {
            return Duration.ofSeconds(
                    Math.max(0, Long.parseLong(String.valueOf(text).strip())));
        } catch (NumberFormatException aDate) {
            return Duration.ZERO;
        }
    }

    private void pause(int attempt, Duration asked) throws InterruptedIOException {
        try {
            pauses.after(attempt, asked);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted between two requests to Buildkite");
        }
    }

    @Override
    public void close() {
        http.dispatcher().executorService().shutdown();
        http.connectionPool().evictAll();
        try {
            http.dispatcher().executorService().awaitTermination(1, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
