package dev.godwit.client;

import com.fasterxml.jackson.core.JsonProcessingException;
import dev.godwit.api.Problem;
import dev.godwit.api.ProblemCode;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import okhttp3.Call;
import okhttp3.ConnectionPool;
import okhttp3.Dispatcher;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.Response;
import okhttp3.ResponseBody;
import org.jspecify.annotations.Nullable;

/** Sends requests to the endpoint that answered last, and to the next ones when it is lost. Thread-safe. */
final class Endpoints implements AutoCloseable {
    /** Between two rounds over all endpoints: short against a fail-over, long against a busy loop. */
    private static final Duration ROUND_PAUSE = Duration.ofMillis(200);

    /** An error's body is one sentence in JSON. */
    private static final long PROBLEM_BYTES_MAX = 64 * 1024;

    private record Way(Endpoint endpoint, OkHttpClient http) {}

    private final List<Way> ways;
    private final Timeouts timeouts;
    private final AtomicInteger preferred = new AtomicInteger();
    private final Dispatcher dispatcher = new Dispatcher();
    private final ConnectionPool pool = new ConnectionPool();

    Endpoints(List<Endpoint> endpoints, Timeouts timeouts, @Nullable ClientTls tls) {
        if (endpoints.isEmpty()) {
            throw new IllegalArgumentException(
                    "a client needs at least one endpoint, such as unix:/run/godwit/hostd.sock");
        }
        if (tls == null
                && endpoints.stream().anyMatch(one -> one.base().getScheme().equals("https"))) {
            throw new IllegalArgumentException(
                    "an https endpoint needs a certificate to show: ClientTls.in(DIRECTORY), made by 'godwit pki issue'");
        }
        this.timeouts = timeouts;
        OkHttpClient.Builder builder = new OkHttpClient.Builder()
                .dispatcher(dispatcher)
                .connectionPool(pool)
                .connectTimeout(timeouts.connect())
                .writeTimeout(timeouts.answer())
                .retryOnConnectionFailure(false); // it is done here, where it is known what may be sent twice
        OkHttpClient common = (tls == null ? builder : tls.on(builder)).build();
        this.ways = endpoints.stream()
                .map(endpoint -> new Way(endpoint, client(common, endpoint)))
                .toList();
    }

    private static OkHttpClient client(OkHttpClient common, Endpoint endpoint) {
        return endpoint.socket() == null
                ? common
                : common.newBuilder()
                        .socketFactory(new UnixSocketFactory(endpoint.socket()))
                        // a pool tells connections apart by address, and all unix sockets have the same one
                        .connectionPool(new ConnectionPool())
                        .build();
    }

    /** What may happen when the connection is lost after the request went out. */
    enum Repeat {
        /** Doing it twice is as good as once. */
        HARMLESS,
        /** Only what certainly did not arrive is sent again. */
        NEVER
    }

    /** Makes the request for an endpoint's base; called again for each attempt. */
    interface Sending {
        Request.Builder to(String base) throws IOException;
    }

    /** An answer with a status below 300; the caller closes it. */
    record Answer(Response response, Call call) {
        byte[] bytes() throws IOException {
            try (response) {
                return body().bytes();
            }
        }

        ResponseBody body() {
            return response.body();
        }
    }

    /**
     * Sends until an endpoint answers, or the time to retry is over.
     *
     * @param read the longest silence while the answer is waited for and read
     * @throws RequestFailed an endpoint answered that it did not do it
     */
    Answer send(Repeat repeat, Duration read, Sending sending) throws IOException {
        long deadline = System.nanoTime() + timeouts.retry().toNanos();
        boolean lostOnce = false;
        while (true) {
            Map<Endpoint, IOException> failures = new LinkedHashMap<>();
            int first = preferred.get();
            for (int i = 0; i < ways.size(); i++) {
                int index = (first + i) % ways.size();
                Way way = ways.get(index);
                Call call = way.http()
                        .newBuilder()
                        .readTimeout(read)
                        .build()
                        .newCall(sending.to(base(way.endpoint())).build());
                try {
                    Answer answer = answered(call, lostOnce);
                    preferred.set(index);
                    return answer;
                } catch (RequestFailed refused) {
                    boolean lost = refused.code() == ProblemCode.ANSWER_LOST;
                    if (lost && repeat == Repeat.NEVER) {
                        throw new AnswerLost(refused.problem().detail(), refused);
                    }
                    if (!tryElsewhere(refused, repeat)) {
                        throw refused;
                    }
                    lostOnce |= lost;
                    failures.put(way.endpoint(), refused);
                } catch (IOException lost) {
                    if (Thread.currentThread().isInterrupted()) {
                        throw lost;
                    }
                    if (repeat == Repeat.NEVER && !certainlyNotSent(lost)) {
                        throw new AnswerLost(
                                "The connection to " + way.endpoint() + " was lost (" + reason(lost)
                                        + ") after the request was sent; look whether it was done before asking again.",
                                lost);
                    }
                    lostOnce |= !certainlyNotSent(lost);
                    failures.put(way.endpoint(), lost);
                }
            }
            if (System.nanoTime() + ROUND_PAUSE.toNanos() > deadline) {
                throw exhausted(failures);
            }
            pause();
        }
    }

    private static Answer answered(Call call, boolean afterLoss) throws IOException {
        Response response = call.execute();
        if (response.isSuccessful()) {
            return new Answer(response, call);
        }
        try (response) {
            throw new RequestFailed(problem(response), afterLoss);
        }
    }

    private static Problem problem(Response response) throws IOException {
        byte[] body = response.peekBody(PROBLEM_BYTES_MAX).bytes();
        try {
            Problem problem = Json.read(body, Problem.class);
            if (problem.detail() != null && problem.code() != null) {
                return problem;
            }
        } catch (JsonProcessingException e) {
            return unknownProblem(response);
        }
        return unknownProblem(response);
    }

    private static Problem unknownProblem(Response response) {
        ProblemCode code = response.code() == 404 ? ProblemCode.NOT_FOUND : ProblemCode.INTERNAL;
        return new Problem(
                "about:blank",
                response.message(),
                response.code(),
                "What answers at " + response.request().url() + " said " + response.code()
                        + " and not why; is it a hostd?",
                code,
                null);
    }

    /** A host that is going, or that does not reach the owner or has lost it; another may. */
    private static boolean tryElsewhere(RequestFailed refused, Repeat repeat) {
        return repeat == Repeat.HARMLESS
                && (refused.code() == ProblemCode.UNAVAILABLE || refused.code() == ProblemCode.ANSWER_LOST);
    }

    /** What a host may say right at a VM's change of owner, and no longer a moment later. */
    static boolean mayPass(RequestFailed refused) {
        return refused.code() == ProblemCode.NOT_FOUND
                || refused.code() == ProblemCode.INTERNAL
                || refused.code() == ProblemCode.ANSWER_LOST
                || refused.code() == ProblemCode.UNAVAILABLE;
    }

    private static boolean certainlyNotSent(IOException failure) {
        return failure instanceof ConnectException
                || failure instanceof UnknownHostException
                || failure instanceof NoRouteToHostException
                || (failure instanceof SocketTimeoutException
                        && String.valueOf(failure.getMessage())
                                .toLowerCase(Locale.ROOT)
                                .contains("connect"));
    }

    private static String base(Endpoint endpoint) {
        String text = endpoint.base().toString();
        return text.endsWith("/") ? text.substring(0, text.length() - 1) : text;
    }

    private IOException exhausted(Map<Endpoint, IOException> failures) {
        List<String> sentences = new ArrayList<>();
        IOException last = null;
        for (Map.Entry<Endpoint, IOException> failure : failures.entrySet()) {
            if (failure.getValue() instanceof RequestFailed refused) {
                return refused;
            }
            sentences.add(failure.getKey() + ": " + reason(failure.getValue()));
            last = failure.getValue();
        }
        return new NoEndpointReachable(
                "No hostd answered within " + timeouts.retry().toMillis() + " ms (" + String.join("; ", sentences)
                        + "). Is hostd running there, and may you use its socket?",
                last == null ? new IOException("no endpoint was tried") : last);
    }

    /** Connections that are open, in use or not. */
    int openConnections() {
        return ways.stream()
                .map(way -> way.http().connectionPool())
                .distinct()
                .mapToInt(ConnectionPool::connectionCount)
                .sum();
    }

    /** The endpoint that a stream came from was lost: another one goes first. */
    void avoidCurrent() {
        preferred.updateAndGet(index -> (index + 1) % ways.size());
    }

    static void pause() throws InterruptedIOException {
        try {
            Thread.sleep(ROUND_PAUSE.toMillis());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while waiting to try the endpoints again");
        }
    }

    static String reason(IOException failure) {
        return failure.getMessage() == null ? failure.getClass().getSimpleName() : failure.getMessage();
    }

    @Override
    public void close() {
        dispatcher.executorService().shutdown();
        // TLS waits for the other end's farewell, and a host that lost its power says none.
        Thread farewells = new Thread(
                () -> ways.forEach(way -> way.http().connectionPool().evictAll()), "godwit-client-farewells");
        farewells.setDaemon(true);
        farewells.start();
    }
}
