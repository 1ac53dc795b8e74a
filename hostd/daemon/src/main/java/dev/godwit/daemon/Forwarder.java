package dev.godwit.daemon;

import dev.godwit.api.ProblemCode;
import dev.godwit.tls.Role;
import io.helidon.http.Header;
import io.helidon.http.HeaderName;
import io.helidon.http.HeaderNames;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.ConnectException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpConnectTimeoutException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import javax.net.ssl.SSLHandshakeException;
import org.jspecify.annotations.Nullable;

/**
 * Passes requests on to the host that owns what they are about, streaming both ways, and asks other hosts. A header counts
 * the hosts that a request passed, so that it never goes round. Thread-safe.
 */
final class Forwarder implements AutoCloseable {
    /** How many hosts a request has passed. */
    static final HeaderName HOPS = HeaderNames.create("Godwit-Hops");

    /** One to the owner, one more when the VM moves at that moment, one to spare. */
    private static final int HOPS_MAX = 3;

    private static final byte[] NOTHING = {};

    /** A question that other hosts answer from memory; up to its last byte. */
    private static final Duration ASK_TIMEOUT = Duration.ofSeconds(3);

    /** About the longest answer a host of a thousand VMs can give; the bound guards our memory. */
    private static final int ASK_BYTES_MAX = 16 * 1024 * 1024;

    /**
     * From the last byte of the request to the answer's head: a VM's shut-down takes up to a minute, streams begin at once. A
     * host that died without a reset is noticed by it, not by TCP's quarter of an hour. While a body is on its way, so long
     * without a byte of it: a command may not read its input for a while.
     */
    private static final Duration ANSWER_TIMEOUT = Duration.ofMinutes(2);

    /** The copy of an image is the one answer that may take longer. */
    private static final Duration PUSH_TIMEOUT = Duration.ofHours(1);

    private static final int COPY_BYTES = 64 * 1024;

    /** Belong to one connection (RFC 9110, 7.6.1), or are set by the client itself. */
    private static final Set<String> OWN_HEADERS = Set.of(
            "connection",
            "keep-alive",
            "te",
            "trailer",
            "transfer-encoding",
            "upgrade",
            "host",
            "content-length",
            "expect",
            "godwit-hops",
            "godwit-caller");

    /** What a host asks by itself needs no more. */
    private static final String ASKS_AS = Role.VIEWER.text() + "/host";

    private final Access access;
    private final HostClients hosts;

    /**
     * Opens no connection yet.
     *
     * @param tls who this host is to others; null: without TLS
     */
    Forwarder(Access access, @Nullable HostTls tls) {
        this.access = access;
        this.hosts = new HostClients(tls);
    }

    /** How many hosts this request passed before this one. */
    static int hops(ServerRequest request) {
        String text = request.headers().first(HOPS).orElse("0");
        try {
            int hops = Integer.parseInt(text);
            if (hops >= 0) {
                return hops;
            }
        } catch (NumberFormatException e) {
            throw new BadRequest("The header Godwit-Hops: " + text + " is not a number.");
        }
        throw new BadRequest("The header Godwit-Hops: " + text + " is below 0.");
    }

    /** Passes a request on and its answer back, until the answer ends or either side is gone. */
    void pass(ServerRequest request, ServerResponse response, String host, URI restAddress) throws IOException {
        Outgoing body = request.content().hasEntity()
                ? Outgoing.stream(request.content()::inputStream, System::nanoTime)
                : Outgoing.bytes(NOTHING);
        pass(request, body, response, host, restAddress);
    }

    /** The same with a body that was read already. */
    void pass(ServerRequest request, byte[] body, ServerResponse response, String host, URI restAddress)
            throws IOException {
        pass(request, Outgoing.bytes(body), response, host, restAddress);
    }

    private void pass(ServerRequest request, Outgoing body, ServerResponse response, String host, URI restAddress)
            throws IOException {
        int hops = hops(request);
        if (hops >= HOPS_MAX) {
            throw new BadRequest(
                    ProblemCode.TOO_MANY_HOPS,
                    "The request passed " + hops + " hosts and " + host
                            + " is named as the next; ownership changes or the hosts' clocks or records disagree. Try again.");
        }
        OtherHost owner = new OtherHost(host, restAddress);
        HttpResponse<InputStream> answer;
        try {
            answer = send(
                    onward(request, body, restAddress, hops + 1),
                    HttpResponse.BodyHandlers.ofInputStream(),
                    owner,
                    body,
                    atMost(request));
        } catch (IOException e) {
            if (certainlyNotSent(e)) {
                throw new Unavailable(
                        "Host " + host + " owns it, and took no connection at " + restAddress + " (" + reason(e)
                                + "). Try again, or ask that host.",
                        e);
            }
            throw lost(owner, e);
        }
        try (InputStream answered = answer.body()) {
            back(answer, answered, response);
        }
    }

    /**
     * Asks another host a question it answers by itself.
     *
     * @return its answer, whatever the status; the body is bounded
     */
    HttpResponse<byte[]> ask(OtherHost host, String path) throws IOException {
        HttpRequest question = HttpRequest.newBuilder(at(host.restAddress(), path))
                .header(HOPS.defaultCase(), "1")
                .header(Access.CALLER.defaultCase(), ASKS_AS)
                .build();
        return send(question, bounded(), host, Outgoing.bytes(NOTHING), ASK_TIMEOUT);
    }

    /**
     * Sends a request that was read already to another host, which answers it by itself.
     *
     * @return its answer, whatever the status
     * @throws IOException it took no connection, and has not acted
     * @throws AnswerLost it may have acted
     */
    HttpResponse<byte[]> ask(OtherHost host, ServerRequest request, byte[] bytes) throws IOException {
        Outgoing body = Outgoing.bytes(bytes);
        try {
            return send(
                    onward(request, body, host.restAddress(), hops(request) + 1),
                    bounded(),
                    host,
                    body,
                    atMost(request));
        } catch (IOException e) {
            if (certainlyNotSent(e)) {
                throw e;
            }
            throw lost(host, e);
        }
    }

    private static HttpResponse.BodyHandler<byte[]> bounded() {
        return HttpResponse.BodyHandlers.limiting(HttpResponse.BodyHandlers.ofByteArray(), ASK_BYTES_MAX);
    }

    private static AnswerLost lost(OtherHost host, IOException cause) {
        return new AnswerLost(
                "Host " + host.id() + " was asked at " + host.restAddress() + ", and its answer is missing ("
                        + reason(cause) + "). It may have been done; look before asking again.",
                cause);
    }

    /** No connection, or one whose TLS did not come about: nothing of the request has left. */
    private static boolean certainlyNotSent(IOException failure) {
        return failure instanceof ConnectException
                || failure instanceof HttpConnectTimeoutException
                || failure instanceof SSLHandshakeException;
    }

    /** Opens another host's own events. */
    InputStream events(OtherHost host, Optional<String> vm, @Nullable String lastEventId) throws IOException {
        String query = vm.map(id -> "?vm=" + URLEncoder.encode(id, StandardCharsets.UTF_8))
                .orElse("");
        HttpRequest.Builder question = HttpRequest.newBuilder(at(host.restAddress(), "/v1/events" + query))
                .header(HOPS.defaultCase(), "1")
                .header(Access.CALLER.defaultCase(), ASKS_AS);
        if (lastEventId != null) {
            question.header("Last-Event-ID", lastEventId);
        }
        HttpResponse<InputStream> answer = send(
                question.build(),
                HttpResponse.BodyHandlers.ofInputStream(),
                host,
                Outgoing.bytes(NOTHING),
                ASK_TIMEOUT);
        if (answer.statusCode() != 200) {
            answer.body().close();
            throw new IOException("it answered " + answer.statusCode());
        }
        return answer.body();
    }

    private static Duration atMost(ServerRequest request) {
        return request.path().path().endsWith("/push") ? PUSH_TIMEOUT : ANSWER_TIMEOUT;
    }

    /**
     * Sends in a thread of its own, whose end bounds the wait for whatever {@code handler} waits for: the request's own
     * time-out leaves out the body (up to JDK 25) or would end streams (from 26 on), and {@code sendAsync} left a first
     * request unsent in 3 of 8 runs.
     *
     * @param atMost without a byte of the body moving, and after its last one
     */
    private <T> HttpResponse<T> send(
            HttpRequest request, HttpResponse.BodyHandler<T> handler, OtherHost host, Outgoing body, Duration atMost)
            throws IOException {
        HttpClient http = hosts.client(host);
        FutureTask<HttpResponse<T>> sent = new FutureTask<>(() -> http.send(request, handler));
        Thread.ofVirtual().name("forward-to-" + host.id()).start(sent);
        try {
            while (true) {
                long leftNanos = atMost.toNanos() - body.stillNanos();
                try {
                    return sent.get(Math.max(leftNanos, 0), TimeUnit.NANOSECONDS);
                } catch (TimeoutException e) {
                    if (body.stillNanos() >= atMost.toNanos()) {
                        sent.cancel(true);
                        throw new IOException("no answer within " + atMost.toSeconds() + " s", e);
                    }
                }
            }
        } catch (ExecutionException e) {
            throw e.getCause() instanceof IOException cause ? cause : new IOException(e.getCause());
        } catch (InterruptedException e) {
            sent.cancel(true);
            Thread.currentThread().interrupt();
            throw new IOException("hostd stops", e);
        }
    }

    private HttpRequest onward(ServerRequest request, Outgoing body, URI restAddress, int hops) {
        String query = request.query().isEmpty() ? "" : "?" + request.query().rawValue();
        HttpRequest.Builder onward =
                HttpRequest.newBuilder(at(restAddress, request.path().rawPath() + query));
        for (Header header : request.headers()) {
            if (!OWN_HEADERS.contains(header.name().toLowerCase(Locale.ROOT))) {
                header.allValues().forEach(value -> onward.header(header.name(), value));
            }
        }
        onward.header(HOPS.defaultCase(), Integer.toString(hops));
        onward.header(Access.CALLER.defaultCase(), access.caller(request).subject());
        return onward.method(request.prologue().method().text(), body.publisher())
                .build();
    }

    /** Put together as text: as a reference to resolve, a path that begins with two slashes would name another host. */
    private static URI at(URI restAddress, String path) {
        return URI.create(restAddress.getScheme() + "://" + restAddress.getRawAuthority() + path);
    }

    private static void back(HttpResponse<InputStream> answer, InputStream body, ServerResponse response)
            throws IOException {
        response.status(answer.statusCode());
        answer.headers().map().forEach((name, values) -> {
            if (!OWN_HEADERS.contains(name.toLowerCase(Locale.ROOT))) {
                response.header(name, values.toArray(String[]::new));
            }
        });
        if (answer.statusCode() == 204) {
            response.send();
            return;
        }
        answer.headers()
                .firstValue("content-length")
                .ifPresent(length -> response.header(HeaderNames.CONTENT_LENGTH, length));
        try (OutputStream out = response.outputStream()) {
            byte[] buffer = new byte[COPY_BYTES];
            int read = body.read(buffer);
            while (read >= 0) {
                out.write(buffer, 0, read);
                out.flush(); // a live stream is worth nothing in a buffer
                read = body.read(buffer);
            }
        }
    }

    private static String reason(IOException e) {
        return e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
    }

    @Override
    public void close() {
        hosts.close();
    }
}
