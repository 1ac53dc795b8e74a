package dev.godwit.daemon;

import dev.godwit.api.CreateVm;
import dev.godwit.api.Vm;
import dev.godwit.client.Endpoint;
import dev.godwit.client.GodwitClient;
import dev.godwit.client.Timeouts;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** A hostd in this process: real REST on a unix socket and on loopback, a {@link FakeControl} behind it. */
final class TestHost implements AutoCloseable {
    static final Duration TIMEOUT = Duration.ofSeconds(20);
    private static final HttpClient HTTP = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(TIMEOUT)
            .build();

    static {
        JulBridge.install();
    }

    final String id;
    final FakeFleet fleet;
    final Path socket;
    final URI base;
    final EventLog events;
    private final Daemon daemon;

    private TestHost(String id, FakeFleet fleet, Path socket, Daemon daemon, EventLog events) {
        this.id = id;
        this.fleet = fleet;
        this.socket = socket;
        this.daemon = daemon;
        this.events = events;
        this.base = URI.create("http://127.0.0.1:" + daemon.tcpPort());
    }

    static TestHost open(String id, FakeFleet fleet, Path directory) throws IOException {
        HostdConfig config = config(id, directory.resolve(id));
        AtomicReference<@Nullable EventLog> log = new AtomicReference<>();
        Daemon daemon = Daemon.open(
                config,
                (any, events, metrics, tls) -> {
                    log.set(events);
                    return new FakeControl(id, fleet, events);
                },
                InstantSource.system());
        TestHost host = new TestHost(id, fleet, config.socket(), daemon, Objects.requireNonNull(log.get()));
        fleet.hosts.put(id, host.base);
        return host;
    }

    static HostdConfig config(String id, Path state) throws IOException {
        String yaml = """
                host-id: %s
                state-directory: %s
                socket: %s/hostd.sock
                rest-address: 127.0.0.1:0
                plaintext: true
                lab: true
                """.formatted(id, state, state);
        try {
            return ConfigFile.parse(yaml.getBytes(StandardCharsets.UTF_8), "the test's configuration");
        } catch (ConfigFile.Unusable e) {
            throw new IOException(e);
        }
    }

    Vm createVm(String name) throws IOException {
        try (GodwitClient client = client()) {
            return client.createVm(new CreateVm(name, "debian-ci", 1, 512, 1024));
        }
    }

    GodwitClient client() {
        return new GodwitClient(List.of(tcp()), Timeouts.usual().withRetry(Duration.ofSeconds(5)));
    }

    Endpoint tcp() {
        return Endpoint.parse(base.toString());
    }

    Endpoint unix() {
        return Endpoint.parse("unix:" + socket);
    }

    HttpResponse<String> send(String method, String path, @Nullable String body) throws Exception {
        HttpRequest.BodyPublisher content =
                body == null ? HttpRequest.BodyPublishers.noBody() : HttpRequest.BodyPublishers.ofString(body);
        return HTTP.send(
                HttpRequest.newBuilder(base.resolve(path))
                        .timeout(TIMEOUT)
                        .method(method, content)
                        .build(),
                HttpResponse.BodyHandlers.ofString());
    }

    @Override
    public void close() throws IOException {
        daemon.close();
    }
}
