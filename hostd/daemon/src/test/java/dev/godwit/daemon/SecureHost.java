package dev.godwit.daemon;

import dev.godwit.client.ClientTls;
import dev.godwit.client.Endpoint;
import dev.godwit.client.GodwitClient;
import dev.godwit.client.Timeouts;
import dev.godwit.fleet.FleetStore;
import dev.godwit.fleet.sqlite.SqliteFleetStore;
import dev.godwit.pki.FleetAuthority;
import dev.godwit.pki.Issuance;
import dev.godwit.tls.Credentials;
import dev.godwit.tls.FleetTls;
import dev.godwit.tls.FleetTrust;
import dev.godwit.tls.Identity;
import dev.godwit.tls.Revocations;
import dev.godwit.tls.Role;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A hostd in this process that speaks TLS, its fleet's authority, and a real store for revocations. */
final class SecureHost implements AutoCloseable {
    static final String FLEET = "blue";

    final FakeFleet fleet;
    final FleetAuthority authority;
    final FleetStore store;
    final Path tlsDirectory;
    final URI base;
    private final Path authorityDirectory;
    private final Daemon daemon;

    private SecureHost(
            FakeFleet fleet,
            FleetAuthority authority,
            Path authorityDirectory,
            FleetStore store,
            Path tls,
            Daemon daemon) {
        this.fleet = fleet;
        this.authority = authority;
        this.authorityDirectory = authorityDirectory;
        this.store = store;
        this.tlsDirectory = tls;
        this.daemon = daemon;
        this.base = URI.create("https://127.0.0.1:" + daemon.tcpPort());
    }

    /** A host of a fleet that others join by the same directory. */
    static SecureHost open(String id, FakeFleet fleet, Path directory) throws IOException {
        Path ca = directory.resolve("ca");
        FleetAuthority authority = java.nio.file.Files.exists(ca)
                ? FleetAuthority.open(ca, InstantSource.system())
                : FleetAuthority.init(ca, FLEET, InstantSource.system());
        Path tls = directory.resolve(id + "-tls");
        authority.issue(issuance(Role.HOST, id, Duration.ofHours(1)), tls);
        FleetStore store;
        try {
            store = SqliteFleetStore.open(directory.resolve(id + ".db"), System::nanoTime);
        } catch (dev.godwit.fleet.FleetStoreException e) {
            throw new IOException(e);
        }
        HostdConfig config = config(id, directory.resolve(id), tls, ca);
        Daemon daemon = Daemon.open(
                config,
                (any, events, metrics, hostTls) -> {
                    Objects.requireNonNull(hostTls, "the configuration has tls").follow(store, () -> {});
                    return new FakeControl(id, fleet, events, new HostPki(config, store, InstantSource.system()));
                },
                InstantSource.system());
        SecureHost host = new SecureHost(fleet, authority, ca, store, tls, daemon);
        fleet.hosts.put(id, host.base);
        return host;
    }

    /** @param issuer directory of the authority's key; null: none */
    static HostdConfig config(String id, Path state, Path tls, @Nullable Path issuer) throws IOException {
        String yaml = """
                host-id: %1$s
                state-directory: %2$s
                socket: %2$s/hostd.sock
                rest-address: 127.0.0.1:0
                tls: {certificate: %3$s/certificate.pem, key: %3$s/key.pem, authority: %3$s/authority.pem%4$s}
                fleet-store: {etcd: ["https://10.0.0.9:2379"]}
                cloud: {driver: aws, metadata-endpoint: "http://127.0.0.1:1"}
                vm-network:
                  subnet: 10.90.0.0/16
                  subnet6: "fd90:676f:6477::/48"
                  underlay: plain
                  underlay-address: 10.76.1.2
                  closed: ["10.76.0.0/16"]
                """.formatted(id, state, tls, issuer == null ? "" : ", issuer: " + issuer);
        try {
            return ConfigFile.parse(yaml.getBytes(StandardCharsets.UTF_8), "the test's configuration");
        } catch (ConfigFile.Unusable e) {
            throw new IOException(e);
        }
    }

    static Issuance issuance(Role role, String name, Duration validity) {
        return new Issuance(new Identity(FLEET, role, name), List.of("127.0.0.1"), validity);
    }

    Credentials issue(Role role, String name) throws IOException {
        return authority.issue(issuance(role, name, Duration.ofHours(1)));
    }

    /** What the authority would have issued at another time. */
    Credentials issueAt(Instant time, Role role, String name) throws IOException {
        return FleetAuthority.open(authorityDirectory, InstantSource.fixed(time))
                .issue(issuance(role, name, Duration.ofHours(1)));
    }

    GodwitClient client(Role role, String name) throws IOException {
        return client(base, role, name);
    }

    /** A client that reaches this host at another place. */
    GodwitClient client(URI at, Role role, String name) throws IOException {
        return new GodwitClient(
                List.of(Endpoint.parse(at.toString())),
                Timeouts.usual().withRetry(Duration.ofSeconds(5)),
                ClientTls.of(issue(role, name)));
    }

    /** A client that shows this, or nothing, and takes any host of the fleet. */
    HttpClient http(@Nullable Credentials shown) throws IOException {
        Credentials own = issue(Role.OPERATOR, "trust-only");
        FleetTrust trust = new FleetTrust(() -> own, Set.of(Role.HOST), Revocations.none(), InstantSource.system());
        javax.net.ssl.SSLContext context;
        if (shown == null) {
            try {
                context = javax.net.ssl.SSLContext.getInstance(FleetTls.PROTOCOL);
                context.init(null, new javax.net.ssl.TrustManager[] {trust}, null);
            } catch (java.security.GeneralSecurityException e) {
                throw new IOException(e);
            }
        } else {
            context = FleetTls.context(() -> shown, trust);
        }
        return HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .connectTimeout(TestHost.TIMEOUT)
                .sslContext(context)
                .build();
    }

    @Override
    public void close() throws IOException {
        daemon.close();
        store.close();
    }
}
