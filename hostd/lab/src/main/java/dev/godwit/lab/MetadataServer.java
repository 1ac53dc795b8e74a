package dev.godwit.lab;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.HexFormat;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A host's instance metadata service in EC2's format, version 2 only: a document without a valid token is a 401.
 * Thread-safe.
 *
 * <p>Source: EC2 user guide, "Use the Instance Metadata Service", "Spot Instance interruption notices".
 */
public final class MetadataServer implements AutoCloseable {
    private static final int TOKEN_SECONDS_MAX = 21_600;
    private static final String INSTANCE_ACTION = "/latest/meta-data/spot/instance-action";
    private static final String REBALANCE = "/latest/meta-data/events/recommendations/rebalance";

    private final HttpServer server;
    private final InstantSource clock;
    private final Map<String, Instant> tokenEnds = new ConcurrentHashMap<>();
    private final Map<String, String> documents = new ConcurrentHashMap<>();
    private final AtomicLong requests = new AtomicLong();
    private final AtomicLong tokensGiven = new AtomicLong();
    private final AtomicLong refusals = new AtomicLong();

    private MetadataServer(HttpServer server, InstantSource clock) {
        this.server = server;
        this.clock = clock;
    }

    /**
     * Starts the service of one instance.
     *
     * @param address where it answers; port 0 takes a free one
     */
    public static MetadataServer start(InetSocketAddress address, String instanceId, InstantSource clock) {
        try {
            HttpServer http = HttpServer.create(address, 0);
            MetadataServer metadata = new MetadataServer(http, clock);
            metadata.documents.put("/latest/meta-data/instance-id", instanceId);
            metadata.documents.put("/latest/meta-data/instance-life-cycle", "spot");
            metadata.documents.put("/latest/meta-data/placement/availability-zone", "lab-1a");
            http.createContext("/", metadata::answer);
            http.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
            http.start();
            return metadata;
        } catch (IOException e) {
            throw new LabException("the metadata server can't listen on " + address + ": " + e.getMessage(), e);
        }
    }

    public URI endpoint() {
        InetSocketAddress address = server.getAddress();
        return URI.create("http://" + address.getAddress().getHostAddress() + ":" + address.getPort());
    }

    /**
     * Posts a spot interruption.
     *
     * @param notice from now to the interruption
     * @return the time that the notice names, a whole second as EC2 gives it
     */
    public Instant interrupt(Duration notice) {
        Instant time = clock.instant().plus(notice).truncatedTo(ChronoUnit.SECONDS);
        documents.put(INSTANCE_ACTION, "{\"action\":\"terminate\",\"time\":\"" + time + "\"}");
        return time;
    }

    /** Posts a rebalance recommendation. */
    public void rebalance() {
        Instant time = clock.instant().truncatedTo(ChronoUnit.SECONDS);
        documents.put(REBALANCE, "{\"noticeTime\":\"" + time + "\"}");
    }

    /** Requests answered, whatever the answer. */
    public long requests() {
        return requests.get();
    }

    /** Tokens given so far. */
    public long tokensGiven() {
        return tokensGiven.get();
    }

    /** Requests that had no valid token. */
    public long refusals() {
        return refusals.get();
    }

    /** Forgets all tokens: the next request of each client is a 401. */
    public void forgetTokens() {
        tokenEnds.clear();
    }

    @Override
    public void close() {
        server.stop(0);
    }

    private void answer(HttpExchange exchange) throws IOException {
        requests.incrementAndGet();
        String path = exchange.getRequestURI().getPath();
        if (path.equals("/latest/api/token")) {
            answerToken(exchange);
            return;
        }
        String token = exchange.getRequestHeaders().getFirst("X-aws-ec2-metadata-token");
        Instant end = token == null ? null : tokenEnds.get(token);
        String document = documents.get(path);
        if (end == null || !clock.instant().isBefore(end)) {
            refusals.incrementAndGet();
            send(exchange, 401, "");
        } else if (!exchange.getRequestMethod().equals("GET")) {
            send(exchange, 405, "");
        } else if (document == null) {
            send(exchange, 404, "");
        } else {
            send(exchange, 200, document);
        }
    }

    private void answerToken(HttpExchange exchange) throws IOException {
        String header = exchange.getRequestHeaders().getFirst("X-aws-ec2-metadata-token-ttl-seconds");
        int seconds = header != null && header.matches("[0-9]{1,6}") ? Integer.parseInt(header) : 0;
        if (!exchange.getRequestMethod().equals("PUT")) {
            send(exchange, 405, "");
        } else if (seconds < 1 || seconds > TOKEN_SECONDS_MAX) {
            send(exchange, 400, "");
        } else {
            byte[] random = new byte[16];
            new SecureRandom().nextBytes(random);
            String token = HexFormat.of().formatHex(random);
            tokenEnds.put(token, clock.instant().plusSeconds(seconds));
            tokensGiven.incrementAndGet();
            send(exchange, 200, token);
        }
    }

    private static void send(HttpExchange exchange, int status, String body) throws IOException {
        byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
        exchange.sendResponseHeaders(status, bytes.length == 0 ? -1 : bytes.length);
        if (bytes.length > 0) {
            exchange.getResponseBody().write(bytes);
        }
        exchange.close();
    }
}
