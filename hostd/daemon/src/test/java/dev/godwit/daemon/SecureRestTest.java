package dev.godwit.daemon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.godwit.api.CreateVm;
import dev.godwit.api.ProblemCode;
import dev.godwit.api.VmState;
import dev.godwit.client.GodwitClient;
import dev.godwit.client.RequestFailed;
import dev.godwit.pki.FleetAuthority;
import dev.godwit.tls.Credentials;
import dev.godwit.tls.FleetTls;
import dev.godwit.tls.FleetTrust;
import dev.godwit.tls.Revocation;
import dev.godwit.tls.Revocations;
import dev.godwit.tls.Role;
import dev.godwit.tls.TlsChannel;
import dev.godwit.tls.TlsFiles;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** REST over TLS: who comes in, and that those who do not hold nobody up. */
class SecureRestTest {
    private static final Duration SOON = Duration.ofSeconds(60);

    @TempDir
    Path directory;

    private SecureHost host;

    @BeforeEach
    void open() throws Exception {
        host = SecureHost.open("host-a", new FakeFleet(), directory);
    }

    @AfterEach
    void close() throws Exception {
        host.close();
    }

    private HttpResponse<String> get(HttpClient http) throws Exception {
        return http.send(
                HttpRequest.newBuilder(host.base.resolve("/v1/vms"))
                        .timeout(TestHost.TIMEOUT)
                        .build(),
                HttpResponse.BodyHandlers.ofString());
    }

    private void assertServes() throws Exception {
        try (HttpClient http = host.http(host.issue(Role.VIEWER, "good"))) {
            assertThat(get(http).statusCode()).isEqualTo(200);
        }
    }

    private void assertKeptOut(Credentials credentials) throws Exception {
        try (HttpClient http = host.http(credentials)) {
            assertThatThrownBy(() -> get(http)).isInstanceOf(IOException.class);
        }
    }

    @Test
    void aViewerWhoDeletesIsForbiddenWithASentence() throws Exception {
        try (GodwitClient operator = host.client(Role.OPERATOR, "alice");
                GodwitClient viewer = host.client(Role.VIEWER, "eve")) {
            operator.createVm(new CreateVm("web", "debian-ci", 1, 512, 1024));
            assertThat(viewer.vms()).hasSize(1);
            assertThatThrownBy(() -> viewer.deleteVm("web")).isInstanceOfSatisfying(RequestFailed.class, failed -> {
                assertThat(failed.code()).isEqualTo(ProblemCode.FORBIDDEN);
                assertThat(failed).hasMessageContaining("viewer/eve may not DELETE /v1/vms/web");
            });
            assertThat(operator.vms()).hasSize(1);
        }
    }

    @Test
    void whoShowsNothingGoodIsKeptOut() throws Exception {
        Instant now = Instant.now();
        assertKeptOut(host.issueAt(now.minus(Duration.ofHours(3)), Role.OPERATOR, "expired"));
        assertKeptOut(host.issueAt(now.plus(Duration.ofHours(3)), Role.OPERATOR, "early"));
        assertKeptOut(host.issue(Role.STORE, "etcd"));
        FleetAuthority red = FleetAuthority.init(directory.resolve("red"), "red", InstantSource.system());
        assertKeptOut(red.issue(new dev.godwit.pki.Issuance(
                new dev.godwit.tls.Identity("red", Role.OPERATOR, "alice"), List.of(), Duration.ofHours(1))));
        FleetAuthority namesake =
                FleetAuthority.init(directory.resolve("namesake"), SecureHost.FLEET, InstantSource.system());
        assertKeptOut(namesake.issue(SecureHost.issuance(Role.OPERATOR, "alice", Duration.ofHours(1))));
        try (HttpClient anonymous = host.http(null)) {
            assertThatThrownBy(() -> get(anonymous)).isInstanceOf(IOException.class);
        }
        assertServes();
    }

    @Test
    void whoIsRevokedIsKeptOutAndLosesWhatIsOpen() throws Exception {
        try (HttpClient http = host.http(host.issue(Role.OPERATOR, "alice"))) {
            InputStream events = http.send(
                            HttpRequest.newBuilder(host.base.resolve("/v1/events"))
                                    .build(),
                            HttpResponse.BodyHandlers.ofInputStream())
                    .body();
            assertThat(events.read()).isPositive();
            host.store.revoke(new Revocation("operator/alice", Instant.now()));
            assertThatThrownBy(() -> {
                        while (events.read() >= 0) {}
                        throw new IOException("the stream ended");
                    })
                    .isInstanceOf(IOException.class);
            assertThatThrownBy(() -> get(http)).isInstanceOf(IOException.class);
        }
        try (HttpClient again = host.http(host.issueAt(Instant.now().plusSeconds(2), Role.OPERATOR, "alice"))) {
            assertThat(get(again).statusCode()).isEqualTo(200);
        }
    }

    @Test
    void aRenewedCertificateIsShownWithoutARestart() throws Exception {
        Credentials before = Credentials.load(TlsFiles.in(host.tlsDirectory));
        Credentials renewed = host.issue(Role.HOST, "host-a");
        renewed.store(TlsFiles.in(host.tlsDirectory));
        await().atMost(SOON).until(() -> shownByHost().equals(renewed.chain().getFirst()));
        assertThat(renewed.chain()).isNotEqualTo(before.chain());
        assertServes();
    }

    private java.security.cert.X509Certificate shownByHost() throws Exception {
        try (TlsChannel channel = connect(host.issue(Role.VIEWER, "good"))) {
            return (java.security.cert.X509Certificate) channel.session().getPeerCertificates()[0];
        }
    }

    private TlsChannel connect(Credentials own) throws IOException {
        FleetTrust trust = new FleetTrust(() -> own, Set.of(Role.HOST), Revocations.none(), InstantSource.system());
        SocketChannel socket = SocketChannel.open(new InetSocketAddress("127.0.0.1", host.base.getPort()));
        TlsChannel channel = new TlsChannel(socket, FleetTls.client(FleetTls.context(() -> own, trust)), 0);
        channel.handshake();
        return channel;
    }

    @Test
    void olderTlsAndNoTlsAreRefused() throws Exception {
        SSLContext old = SSLContext.getInstance("TLSv1.2");
        Credentials own = host.issue(Role.OPERATOR, "alice");
        FleetTrust trust = new FleetTrust(() -> own, Set.of(Role.HOST), Revocations.none(), InstantSource.system());
        old.init(new javax.net.ssl.KeyManager[] {FleetTls.keyManager(() -> own)}, new TrustManager[] {trust}, null);
        try (SSLSocket socket = (SSLSocket) old.getSocketFactory().createSocket("127.0.0.1", host.base.getPort())) {
            socket.setEnabledProtocols(new String[] {"TLSv1.2"});
            assertThatThrownBy(socket::startHandshake).isInstanceOf(SSLException.class);
        }
        try (Socket plain = stranger()) {
            plain.getOutputStream()
                    .write("GET /v1/vms HTTP/1.1\r\nHost: x\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
            assertThat(new String(end(plain), StandardCharsets.ISO_8859_1)).doesNotContain("HTTP");
        }
        assertServes();
    }

    @Test
    void garbageIsRefused() throws Exception {
        Random random = new Random(20261130);
        for (int i = 0; i < 200; i++) {
            byte[] noise = new byte[1 + random.nextInt(5000)];
            random.nextBytes(noise);
            noise[0] = (byte) (i % 3 == 0 ? 22 : noise[0]);
            try (Socket socket = stranger()) {
                socket.getOutputStream().write(noise);
                socket.shutdownOutput();
                assertThat(end(socket).length).isLessThan(1000);
            }
        }
        assertServes();
    }

    @Test
    void whoIsSlowInTheHandshakeIsShownTheDoor() throws Exception {
        try (Socket socket = stranger()) {
            socket.getOutputStream().write(new byte[] {22, 3, 1, 2}); // the beginning of a handshake, and no more
            assertThat(end(socket)).isEmpty();
        }
    }

    @Test
    void aThousandSilentConnectionsDoNotSilenceAGoodClient() throws Exception {
        List<Socket> strangers = new ArrayList<>();
        try (HttpClient http = host.http(host.issue(Role.VIEWER, "good"))) {
            for (int i = 0; i < 1000; i++) {
                strangers.add(stranger());
                if (i % 100 == 99) {
                    assertThat(get(http).statusCode()).isEqualTo(200);
                    assertServes();
                }
            }
        } finally {
            for (Socket stranger : strangers) {
                stranger.close();
            }
        }
    }

    /** A certificate does not make an angel: its holder can take its own places, and no other's. */
    @Test
    void aNameThatTakesAllItsPlacesLeavesTheOthersTheirs() throws Exception {
        Credentials greedy = host.issue(Role.AGENT_BROKER, "greedy");
        List<TlsChannel> open = new ArrayList<>();
        try {
            for (int i = 0; i < Guests.PER_NAME; i++) {
                TlsChannel channel = connect(greedy);
                open.add(channel);
                channel.write(ByteBuffer.wrap("GET /v1/vms HTTP/1.1\r\nHo".getBytes(StandardCharsets.US_ASCII)));
            }
            await().atMost(SOON).until(() -> {
                TlsChannel channel = connect(greedy);
                open.add(channel);
                channel.write(
                        ByteBuffer.wrap("GET /v1/vms HTTP/1.1\r\nHost: x\r\n\r\n".getBytes(StandardCharsets.US_ASCII)));
                return first(channel).contains("503 Service Unavailable");
            });
            assertServes();
        } finally {
            for (TlsChannel channel : open) {
                channel.close();
            }
        }
    }

    private static String first(TlsChannel channel) throws IOException {
        ByteBuffer answer = ByteBuffer.allocate(200);
        channel.read(answer);
        return new String(answer.array(), 0, answer.position(), StandardCharsets.US_ASCII);
    }

    @Test
    @Timeout(15) // seconds, of the 20 that a client waits for an answer
    void aClientOfAHostThatLostItsPowerIsClosedAllTheSame() throws Exception {
        try (Relay relay = new Relay(host.base);
                GodwitClient client =
                        host.client(URI.create("https:" + relay.base().getSchemeSpecificPart()), Role.VIEWER, "eve")) {
            assertThat(client.vms()).isEmpty();
            relay.freeze();
        }
    }

    /** What one host can't do itself it passes on, with the caller's role. */
    @Test
    void aRequestIsPassedOnWithTheRoleOfItsCaller() throws Exception {
        try (SecureHost other = SecureHost.open("host-b", host.fleet, directory);
                GodwitClient operator = other.client(Role.OPERATOR, "alice");
                GodwitClient viewer = host.client(Role.VIEWER, "eve")) {
            operator.createVm(new CreateVm("web", "debian-ci", 1, 512, 1024));
            assertThat(viewer.vm("web").host()).isEqualTo("host-b");
            assertThat(viewer.vms()).hasSize(1);
            assertThatThrownBy(() -> viewer.deleteVm("web")).isInstanceOf(RequestFailed.class);
            try (GodwitClient operatorHere = host.client(Role.OPERATOR, "alice")) {
                operatorHere.deleteVm("web");
                assertThat(operator.vms()).isEmpty();
            }
        }
    }

    /** Another host has taken over the address of the owner. */
    @Test
    void aRequestIsPassedOnToItsOwnerOnly() throws Exception {
        try (SecureHost other = SecureHost.open("host-b", host.fleet, directory);
                GodwitClient operator = host.client(Role.OPERATOR, "alice")) {
            String vm = operator.createVm(new CreateVm("mine", "debian-ci", 1, 512, 1024))
                    .id();
            host.fleet.own(vm, "host-b");
            assertThat(operator.vm("mine").host()).isEqualTo("host-b");
            host.fleet.hosts.put("host-c", other.base);
            host.fleet.own(vm, "host-c");
            assertThat(operator.vm("mine").state()).isEqualTo(VmState.UNKNOWN);
            assertThatThrownBy(() -> operator.move("mine", "host-a"))
                    .hasMessageContaining("Host host-c owns it")
                    .hasMessageContaining("it is host/host-b, not host-c");
            host.fleet.own(vm, "host-b");
            assertThat(operator.vm("mine").host()).isEqualTo("host-b");
        }
    }

    @Test
    void theInnerSocketIsInADirectoryThatOnlyRootEnters() throws Exception {
        Path inside = directory.resolve("host-a/inside");
        assertThat(java.nio.file.attribute.PosixFilePermissions.toString(Files.getPosixFilePermissions(inside)))
                .isEqualTo("rwx------");
        assertThat(inside.resolve("rest.sock")).exists();
    }

    private Socket stranger() throws IOException {
        Socket socket = new Socket();
        socket.connect(new InetSocketAddress("127.0.0.1", host.base.getPort()), 10_000);
        socket.setSoTimeout(30_000);
        return socket;
    }

    /** All that comes until the other side hangs up, by whatever means. */
    private static byte[] end(Socket socket) throws IOException {
        java.io.ByteArrayOutputStream all = new java.io.ByteArrayOutputStream();
        try {
            socket.getInputStream().transferTo(all);
        } catch (java.net.SocketTimeoutException e) {
            throw e;
        } catch (IOException e) {
            assertThat(e).hasMessageMatching("(?i).*(broken pipe|reset|closed|abort).*");
        }
        return all.toByteArray();
    }
}
