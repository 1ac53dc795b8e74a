package dev.godwit.peer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.godwit.pki.FleetAuthority;
import dev.godwit.pki.Issuance;
import dev.godwit.tls.Credentials;
import dev.godwit.tls.FleetTrust;
import dev.godwit.tls.Identity;
import dev.godwit.tls.Revocation;
import dev.godwit.tls.Revocations;
import dev.godwit.tls.Role;
import io.netty.handler.ssl.OpenSsl;
import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The wire under TLS: what goes over it, and who is kept off it. */
class SecureWireTest {
    private static final Duration SOON = Duration.ofSeconds(30);
    private static final Duration REFUSED_WITHIN = Duration.ofSeconds(2);

    @TempDir
    Path directory;

    private FleetAuthority authority;
    private final Recorder recorder = new Recorder();
    private volatile Revocations revocations = Revocations.none();
    private PeerServer server;

    @BeforeEach
    void open() throws Exception {
        authority = FleetAuthority.init(directory.resolve("ca"), "blue", InstantSource.system());
        Credentials own = issue(Role.HOST, "host-b");
        server = new PeerServer(
                Ports.any(),
                "host-b",
                (from, method, json) -> (from + " " + method).getBytes(StandardCharsets.UTF_8),
                (from, id, hello) -> recorder,
                Ports.quick(),
                sockets(own));
    }

    @AfterEach
    void close() {
        server.close();
    }

    private Credentials issue(Role role, String name) throws IOException {
        return authority.issue(issuance("blue", role, name));
    }

    private static Issuance issuance(String fleet, Role role, String name) {
        return new Issuance(new Identity(fleet, role, name), List.of(), Duration.ofHours(1));
    }

    private PeerSockets sockets(Credentials own) {
        return PeerSockets.secure(
                () -> own,
                new FleetTrust(
                        () -> own,
                        Set.of(Role.HOST),
                        (identity, certificate) -> revocations.revoked(identity, certificate),
                        InstantSource.system()));
    }

    private PeerLink link(PeerSockets sockets, String says) {
        return new PeerLink(server.address(), says, Ports.quick(), sockets.expecting("host-b"));
    }

    private void assertRefused(Credentials own, String says) {
        try (PeerLink link = link(sockets(own), says)) {
            assertThatThrownBy(() -> link.call("ping", new byte[0], REFUSED_WITHIN))
                    .isInstanceOf(PeerUnreachable.class);
        }
        assertThat(recorder.frames).isEmpty();
    }

    @Test
    void theEngineIsTheFastOne() {
        assertThat(OpenSsl.isAvailable())
                .as(String.valueOf(OpenSsl.unavailabilityCause()))
                .isTrue();
    }

    @Test
    void callsAndStreamsGoAsTheyDoWithoutIt() throws Exception {
        byte[] payload = new byte[PeerLimits.PAYLOAD_BYTES_MAX];
        Random random = new Random(5);
        List<Recorder.Got> sent = new ArrayList<>();
        try (PeerLink link = link(sockets(issue(Role.HOST, "host-a")), "host-a")) {
            assertThat(link.call("ping", new byte[0], SOON))
                    .asString(StandardCharsets.UTF_8)
                    .isEqualTo("host-a ping");
            try (PeerStream stream = link.openStream("s", new byte[0])) {
                for (int i = 0; i < 60; i++) {
                    random.nextBytes(payload);
                    byte[] part = java.util.Arrays.copyOf(payload, 1 + random.nextInt(payload.length));
                    stream.send(7, ByteKind.CONTROL, java.nio.ByteBuffer.wrap(part));
                    sent.add(Recorder.got(7, part));
                }
                stream.finish();
            }
        }
        assertThat(recorder.over.await(10, TimeUnit.SECONDS)).isTrue();
        assertThat(recorder.ended).isTrue();
        assertThat(recorder.frames).isEqualTo(sent);
    }

    @Test
    void whoIsNoHostIsRefused() throws Exception {
        assertRefused(issue(Role.OPERATOR, "host-a"), "host-a");
        assertRefused(issue(Role.JOIN, "host-a"), "host-a");
    }

    @Test
    void aHostOfAnotherFleetIsRefused() throws Exception {
        FleetAuthority red = FleetAuthority.init(directory.resolve("red"), "red", InstantSource.system());
        assertRefused(red.issue(issuance("red", Role.HOST, "host-a")), "host-a");
        FleetAuthority namesake = FleetAuthority.init(directory.resolve("blue2"), "blue", InstantSource.system());
        assertRefused(namesake.issue(issuance("blue", Role.HOST, "host-a")), "host-a");
    }

    @Test
    void anExpiredHostIsRefused() throws Exception {
        Instant before = Instant.now().minus(Duration.ofHours(3));
        FleetAuthority then = FleetAuthority.open(directory.resolve("ca"), InstantSource.fixed(before));
        assertRefused(then.issue(issuance("blue", Role.HOST, "host-a")), "host-a");
    }

    @Test
    void aHostThatSaysItIsAnotherIsRefused() throws Exception {
        assertRefused(issue(Role.HOST, "host-a"), "host-c");
        assertThat(server.counters().garbage()).isPositive();
    }

    @Test
    void anotherHostAtTheAddressIsRefusedByTheCaller() throws Exception {
        Credentials own = issue(Role.HOST, "host-a");
        try (PeerLink link = new PeerLink(
                server.address(), "host-a", Ports.quick(), sockets(own).expecting("host-c"))) {
            assertThatThrownBy(() -> link.call("ping", new byte[0], REFUSED_WITHIN))
                    .isInstanceOf(PeerUnreachable.class);
        }
    }

    @Test
    void whoIsRevokedLosesTheConnectionThatIsOpen() throws Exception {
        try (PeerLink link = link(sockets(issue(Role.HOST, "host-a")), "host-a")) {
            link.call("ping", new byte[0], SOON);
            assertThat(server.counters().openConnections()).isEqualTo(1);
            revocations = Revocations.of(List.of(new Revocation("host/host-a", Instant.now())));
            await().atMost(SOON).until(() -> server.counters().openConnections() == 0);
            assertThatThrownBy(() -> link.call("ping", new byte[0], REFUSED_WITHIN))
                    .isInstanceOf(PeerUnreachable.class);
        }
    }

    @Test
    void aPeerWithoutTlsIsRefused() throws Exception {
        try (PeerLink link = new PeerLink(server.address(), "host-a", Ports.quick(), PeerSockets.plain())) {
            assertThatThrownBy(() -> link.call("ping", new byte[0], REFUSED_WITHIN))
                    .isInstanceOf(PeerUnreachable.class);
        }
    }

    @Test
    void garbageClosesItsConnection() throws Exception {
        Random random = new Random(11);
        for (int i = 0; i < 200; i++) {
            byte[] noise = new byte[1 + random.nextInt(3000)];
            random.nextBytes(noise);
            noise[0] = (byte) (i % 3 == 0 ? 22 : noise[0]); // looks like a handshake
            try (Socket socket = socket()) {
                socket.getOutputStream().write(noise);
                socket.shutdownOutput();
                assertThat(socket.getInputStream().readAllBytes().length).isLessThan(1000);
            } catch (IOException e) {
                assertThat(e).hasMessageMatching("(?i).*(broken pipe|reset|closed|abort).*");
            }
        }
        await().atMost(SOON).until(() -> server.counters().openConnections() == 0);
    }

    @Test
    void aThousandSilentStrangersDoNotSilenceAPeer() throws Exception {
        List<Socket> strangers = new ArrayList<>();
        try (PeerLink link = link(sockets(issue(Role.HOST, "host-a")), "host-a")) {
            for (int i = 0; i < 1000; i++) {
                strangers.add(socket());
            }
            assertThat(link.call("ping", new byte[0], SOON))
                    .asString(StandardCharsets.UTF_8)
                    .isEqualTo("host-a ping");
            assertThat(server.counters().openConnections()).isLessThan(200);
            await().atMost(SOON).until(() -> server.counters().openConnections() == 1);
            assertThat(link.call("ping", new byte[0], SOON)).isNotEmpty();
        } finally {
            for (Socket stranger : strangers) {
                stranger.close();
            }
        }
    }

    private Socket socket() throws IOException {
        Socket socket = new Socket();
        socket.connect(server.address(), 10_000);
        socket.setSoTimeout(20_000);
        return socket;
    }
}
