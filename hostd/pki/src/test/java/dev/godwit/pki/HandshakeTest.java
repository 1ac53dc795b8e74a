package dev.godwit.pki;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.godwit.tls.Authorities;
import dev.godwit.tls.Credentials;
import dev.godwit.tls.FleetTls;
import dev.godwit.tls.FleetTrust;
import dev.godwit.tls.Identity;
import dev.godwit.tls.Pem;
import dev.godwit.tls.Revocation;
import dev.godwit.tls.Revocations;
import dev.godwit.tls.Role;
import dev.godwit.tls.TlsChannel;
import dev.godwit.tls.TlsFiles;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.SecureRandom;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.EnumSet;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Two ends over a real socket: who is taken, and who is not. */
class HandshakeTest {
    private static final int BUFFER_BYTES = 32 * 1024;
    private static final byte[] WORD = "the word".getBytes(StandardCharsets.US_ASCII);

    @TempDir
    Path directory;

    private TestFleet fleet;
    private Credentials server;
    private Revocations revocations = Revocations.none();
    private Set<Role> taken = EnumSet.allOf(Role.class);

    @BeforeEach
    void make() throws Exception {
        fleet = TestFleet.make(directory.resolve("ca"), "blue");
        server = fleet.issue(Role.HOST, "host-a");
    }

    /** What the server saw, or why it took nobody. */
    private CompletableFuture<Identity> serve(ServerSocketChannel listening) {
        CompletableFuture<Identity> seen = new CompletableFuture<>();
        FleetTrust trust = new FleetTrust(() -> server, taken, revocations, InstantSource.system());
        SSLEngine engine = FleetTls.server(FleetTls.context(() -> server, trust));
        Thread.ofVirtual().start(() -> {
            try (TlsChannel channel = new TlsChannel(listening.accept(), engine, BUFFER_BYTES)) {
                Identity identity = trust.identity(channel.handshake());
                ByteBuffer word = ByteBuffer.allocate(WORD.length);
                while (word.hasRemaining() && channel.read(word) >= 0) {}
                channel.write(word.flip());
                channel.end();
                seen.complete(identity);
            } catch (IOException | CertificateException e) {
                seen.completeExceptionally(e);
            }
        });
        return seen;
    }

    private static String exchange(SocketChannel socket, SSLEngine engine) throws IOException {
        try (TlsChannel channel = new TlsChannel(socket, engine, BUFFER_BYTES)) {
            channel.handshake();
            channel.write(ByteBuffer.wrap(WORD));
            ByteBuffer answer = ByteBuffer.allocate(100);
            while (channel.read(answer) >= 0) {}
            return new String(answer.array(), 0, answer.position(), StandardCharsets.US_ASCII);
        }
    }

    private SSLEngine client(Credentials credentials) {
        FleetTrust trust =
                new FleetTrust(() -> credentials, Set.of(Role.HOST), Revocations.none(), InstantSource.system());
        return FleetTls.client(FleetTls.context(() -> credentials, trust));
    }

    private static ServerSocketChannel listen() throws IOException {
        return ServerSocketChannel.open().bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
    }

    private Identity accepted(Credentials credentials) throws Exception {
        try (ServerSocketChannel listening = listen()) {
            CompletableFuture<Identity> seen = serve(listening);
            assertThat(exchange(SocketChannel.open(listening.getLocalAddress()), client(credentials)))
                    .isEqualTo("the word");
            return seen.get(10, TimeUnit.SECONDS);
        }
    }

    /** Refused by the server; the client is told by an alert and gets not a byte. */
    private void assertRefused(SSLEngine client, String why) throws Exception {
        try (ServerSocketChannel listening = listen()) {
            CompletableFuture<Identity> seen = serve(listening);
            Throwable told = catchThrowable(() -> {
                String answer = exchange(SocketChannel.open(listening.getLocalAddress()), client);
                assertThat(answer).as("answered to one it must not take").isEmpty();
            });
            assertThat(told).isNotInstanceOf(AssertionError.class);
            assertThatThrownBy(() -> seen.get(10, TimeUnit.SECONDS)).rootCause().hasMessageContaining(why);
        }
    }

    @Test
    void eachRoleIsSeenAsWhatItIs() throws Exception {
        for (Role role : EnumSet.of(Role.VIEWER, Role.AGENT_BROKER, Role.OPERATOR, Role.HOST, Role.JOIN)) {
            assertThat(accepted(fleet.issue(role, "someone"))).isEqualTo(new Identity("blue", role, "someone"));
        }
    }

    @Test
    void anExpiredCertificateIsRefused() throws Exception {
        Credentials old = fleet.issueAt(
                Instant.now().minus(Duration.ofHours(3)), Role.OPERATOR, "alice", directory.resolve("ca"));
        assertRefused(client(old), "operator/alice has expired at");
    }

    @Test
    void aCertificateOfTomorrowIsRefused() throws Exception {
        Credentials early =
                fleet.issueAt(Instant.now().plus(Duration.ofHours(3)), Role.OPERATOR, "alice", directory.resolve("ca"));
        assertRefused(client(early), "operator/alice is valid from");
    }

    @Test
    void anotherFleetsCertificateIsRefusedEvenOfTheSameName() throws Exception {
        TestFleet other = TestFleet.make(directory.resolve("other"), "red");
        TestFleet namesake = TestFleet.make(directory.resolve("namesake"), "blue");
        assertRefused(trusting(other.issue(Role.OPERATOR, "alice")), "of another fleet than blue");
        assertRefused(trusting(namesake.issue(Role.OPERATOR, "alice")), "not signed by this fleet's authority");
    }

    /** A client that trusts anybody, so that the server is the one who refuses. */
    private SSLEngine trusting(Credentials credentials) {
        FleetTrust trust = new FleetTrust(() -> server, Set.of(Role.HOST), Revocations.none(), InstantSource.system());
        return FleetTls.client(FleetTls.context(() -> credentials, trust));
    }

    @Test
    void theAuthorityForHostsMakesNoOperators() throws Exception {
        Authorities authorities = fleet.authority.authorities();
        CertificateAuthority thief = new CertificateAuthority(
                Objects.requireNonNull(authorities.of(Role.Authority.HOSTS)),
                Pem.key(TlsFiles.readSecret(directory.resolve("ca/hosts.key"))),
                InstantSource.system(),
                new SecureRandom());
        KeyPair pair = KeyPairs.generate();
        X509Certificate mallory =
                thief.issue(fleet.issuance(Role.OPERATOR, "mallory", Duration.ofHours(1)), pair.getPublic());
        assertRefused(
                trusting(Credentials.of(pair.getPrivate(), List.of(mallory), authorities)),
                "by a certificate of the wrong authority");
    }

    @Test
    void aRoleThatIsNotTakenIsRefused() throws Exception {
        taken = Set.of(Role.HOST);
        assertRefused(client(fleet.issue(Role.OPERATOR, "alice")), "only host is taken here");
    }

    @Test
    void aRevokedCertificateIsRefused() throws Exception {
        Credentials alice = fleet.issue(Role.OPERATOR, "alice");
        revocations = Revocations.of(List.of(new Revocation("operator/alice", Instant.now())));
        assertRefused(client(alice), "is revoked");
    }

    @Test
    void withoutACertificateNobodyComesIn() throws Exception {
        SSLContext anonymous = SSLContext.getInstance("TLSv1.3");
        FleetTrust trust = new FleetTrust(() -> server, Set.of(Role.HOST), Revocations.none(), InstantSource.system());
        anonymous.init(null, new javax.net.ssl.TrustManager[] {trust}, null);
        assertRefused(FleetTls.client(anonymous), "Empty client certificate chain");
    }

    @Test
    void olderTlsIsRefused() throws Exception {
        SSLContext context = SSLContext.getInstance("TLSv1.2");
        FleetTrust trust = new FleetTrust(() -> server, Set.of(Role.HOST), Revocations.none(), InstantSource.system());
        context.init(
                new javax.net.ssl.KeyManager[] {FleetTls.keyManager(() -> server)},
                new javax.net.ssl.TrustManager[] {trust},
                null);
        SSLEngine engine = context.createSSLEngine();
        engine.setUseClientMode(true);
        engine.setEnabledProtocols(new String[] {"TLSv1.2"});
        assertRefused(engine, "TLSv1.2");
    }

    @Test
    void aServerThatIsNoHostIsRefusedByTheClient() throws Exception {
        server = fleet.issue(Role.OPERATOR, "mallory");
        try (ServerSocketChannel listening = listen()) {
            CompletableFuture<Identity> seen = serve(listening);
            assertThatThrownBy(() -> exchange(
                            SocketChannel.open(listening.getLocalAddress()),
                            client(fleet.issue(Role.OPERATOR, "alice"))))
                    .isInstanceOf(SSLException.class)
                    .hasMessageContaining("operator/mallory is not for this end");
            assertThat(seen).failsWithin(Duration.ofSeconds(10));
        }
    }

    @Test
    void whoExpectsOneHostTakesNoOther() throws Exception {
        Credentials b = fleet.issue(Role.HOST, "host-b");
        FleetTrust trust = new FleetTrust(() -> b, Set.of(Role.HOST), Revocations.none(), InstantSource.system());
        SSLEngine engine = FleetTls.client(FleetTls.context(() -> b, trust.expecting("host-c")));
        try (ServerSocketChannel listening = listen()) {
            var unused = serve(listening);
            assertThatThrownBy(() -> exchange(SocketChannel.open(listening.getLocalAddress()), engine))
                    .hasMessageContaining("it is host/host-a, not host-c");
        }
    }

    @Test
    void aRenewedCertificateIsShownAtTheNextHandshakeOfTheSameContext() throws Exception {
        AtomicReference<Credentials> own = new AtomicReference<>(fleet.issue(Role.HOST, "host-b"));
        FleetTrust trust = new FleetTrust(own::get, Set.of(Role.HOST), Revocations.none(), InstantSource.system());
        SSLContext context = FleetTls.context(own::get, trust);
        Credentials old = own.get();
        for (boolean renewed : new boolean[] {false, true}) {
            try (ServerSocketChannel listening = listen()) {
                revocations = (identity, certificate) ->
                        !certificate.equals(own.get().chain().getFirst());
                CompletableFuture<Identity> seen = serve(listening);
                exchange(SocketChannel.open(listening.getLocalAddress()), FleetTls.client(context));
                assertThat(seen.get(10, TimeUnit.SECONDS).name()).isEqualTo("host-b");
            }
            if (!renewed) {
                own.set(fleet.issue(Role.HOST, "host-b"));
                assertThat(own.get().chain()).isNotEqualTo(old.chain());
            }
        }
    }

    @Test
    void garbageEndsTheHandshake() throws Exception {
        Random random = new Random(20261130);
        for (int i = 0; i < 20; i++) {
            byte[] garbage = new byte[1 + random.nextInt(40_000)];
            random.nextBytes(garbage);
            byte[] sent = i == 0 ? "GET / HTTP/1.1\r\nHost: x\r\n\r\n".getBytes(StandardCharsets.US_ASCII) : garbage;
            try (ServerSocketChannel listening = listen();
                    SocketChannel stranger = SocketChannel.open(listening.getLocalAddress())) {
                CompletableFuture<Identity> seen = serve(listening);
                stranger.write(ByteBuffer.wrap(sent));
                stranger.shutdownOutput();
                assertThat(seen).failsWithin(Duration.ofSeconds(10));
            }
        }
    }

    @Test
    void manyBytesComeAsTheyWereSentBothWays() throws Exception {
        Credentials b = fleet.issue(Role.HOST, "host-b");
        FleetTrust trust = new FleetTrust(() -> server, Set.of(Role.HOST), Revocations.none(), InstantSource.system());
        byte[] bytes = new byte[5_000_000];
        new Random(7).nextBytes(bytes);
        try (ServerSocketChannel listening = listen()) {
            Thread echo = Thread.ofPlatform().start(() -> {
                try (TlsChannel channel = new TlsChannel(
                        listening.accept(), FleetTls.server(FleetTls.context(() -> server, trust)), BUFFER_BYTES)) {
                    channel.handshake();
                    ByteBuffer buffer = ByteBuffer.allocate(300_000);
                    while (channel.read(buffer.clear()) >= 0) {
                        channel.write(buffer.flip());
                    }
                } catch (IOException e) {
                    throw new java.io.UncheckedIOException(e);
                }
            });
            try (TlsChannel channel =
                    new TlsChannel(SocketChannel.open(listening.getLocalAddress()), client(b), 4 * BUFFER_BYTES)) {
                channel.handshake();
                Thread writer = Thread.ofPlatform().start(() -> {
                    try {
                        for (int at = 0; at < bytes.length; at += 77_777) {
                            channel.write(ByteBuffer.wrap(bytes, at, Math.min(77_777, bytes.length - at)));
                        }
                    } catch (IOException e) {
                        throw new java.io.UncheckedIOException(e);
                    }
                });
                ByteBuffer back = ByteBuffer.allocate(bytes.length);
                while (back.hasRemaining()) {
                    ByteBuffer part =
                            back.slice(back.position(), Math.min(back.remaining(), 1 + back.position() % 50_000));
                    assertThat(channel.read(part)).isPositive();
                    back.position(back.position() + part.position());
                }
                assertThat(back.array()).isEqualTo(bytes);
                writer.join();
                channel.end();
            }
            echo.join(10_000);
            assertThat(echo.isAlive()).isFalse();
        }
    }
}
