package dev.godwit.daemon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.godwit.api.CertificateIssued;
import dev.godwit.api.InviteHost;
import dev.godwit.api.RequestCertificate;
import dev.godwit.api.Revoke;
import dev.godwit.fleet.FleetStore;
import dev.godwit.fleet.HostLease;
import dev.godwit.fleet.HostRecord;
import dev.godwit.fleet.HostRole;
import dev.godwit.pki.CertificateRequest;
import dev.godwit.pki.Invitation;
import dev.godwit.pki.KeyPairs;
import dev.godwit.pki.PkiCommand;
import dev.godwit.tls.Credentials;
import dev.godwit.tls.Identity;
import dev.godwit.tls.Pem;
import dev.godwit.tls.Revocation;
import dev.godwit.tls.Role;
import dev.godwit.tls.TlsFiles;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.lang.reflect.Proxy;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Hosts join and renew themselves at one that holds the authority's key. */
class HostPkiTest {
    @TempDir
    Path directory;

    private SecureHost issuer;

    @BeforeEach
    void open() throws Exception {
        issuer = SecureHost.open("host-a", new FakeFleet(), directory);
    }

    @AfterEach
    void close() throws Exception {
        issuer.close();
    }

    private record Ended(int exit, String text) {}

    private Ended join(String token, String into) {
        ByteArrayOutputStream text = new ByteArrayOutputStream();
        PrintStream out = new PrintStream(text, true, StandardCharsets.UTF_8);
        int exit = PkiCommand.run(
                List.of(
                        "host",
                        "join",
                        token,
                        "--config",
                        directory.resolve(into + ".yaml").toString(),
                        "--tls-dir",
                        directory.resolve(into).toString()),
                out,
                out);
        return new Ended(exit, text.toString(StandardCharsets.UTF_8));
    }

    /** The token that an operator gets; the port is known only once the host listens. */
    private String invite(String host) throws Exception {
        return Invitation.make(issuer.authority, host, Invitation.VALIDITY, List.of(issuer.base))
                .token();
    }

    @Test
    void anOperatorInvitesAndOthersDoNot() throws Exception {
        try (HttpClient http = issuer.http(issuer.issue(Role.OPERATOR, "alice"))) {
            HttpResponse<String> answer = http.send(
                    HttpRequest.newBuilder(issuer.base.resolve("/v1/pki/invitations"))
                            .header("Content-Type", "application/json")
                            .POST(HttpRequest.BodyPublishers.ofString("{\"host\":\"host-b\",\"minutes\":5}"))
                            .build(),
                    HttpResponse.BodyHandlers.ofString());
            assertThat(answer.statusCode()).as(answer.body()).isEqualTo(201);
            JsonNode invited = new ObjectMapper().readTree(answer.body());
            Invitation invitation = Invitation.parse(invited.get("token").asText());
            assertThat(invitation.identity()).hasToString("godwit://blue/join/host-b");
            assertThat(invitation.fingerprint())
                    .isEqualTo(invited.get("fingerprint").asText());
            assertThat(Instant.parse(invited.get("expires").asText()))
                    .isBefore(Instant.now().plus(Duration.ofMinutes(6)));
        }
    }

    @Test
    void anInvitedHostJoinsWithOneCommandAndItsConfigurationIsGood() throws Exception {
        Ended joined = join(invite("host-b"), "b");
        assertThat(joined.exit()).as(joined.text()).isZero();
        HostdConfig config = ConfigFile.read(directory.resolve("b.yaml"));
        assertThat(config.hostId()).isEqualTo("host-b");
        assertThat(config.restAddress()).isEqualTo(new ListenAddress("127.0.0.1", 7700));
        assertThat(config.fleetStore().etcd()).hasToString("[https://10.0.0.9:2379]");
        assertThat(config.cloud()).as("the member's driver").isEqualTo(new CloudConfig(CloudConfig.Driver.AWS, null));
        assertThat(config.vmNetwork())
                .as("the member's network behind this host's own address")
                .isEqualTo(new VmNetworkConfig(
                        null,
                        "10.90.0.0/16",
                        null,
                        "fd90:676f:6477::/48",
                        UnderlayKind.PLAIN,
                        "127.0.0.1",
                        List.of("10.76.0.0/16")));
        Credentials own =
                HostTls.check(config, Objects.requireNonNull(config.tls())).get();
        assertThat(own.identity()).hasToString("godwit://blue/host/host-b");
        assertThat(join(invite("host-b"), "b").text()).contains("has joined already");
    }

    @Test
    void aTokenIsGoodOnce() throws Exception {
        String token = invite("host-b");
        assertThat(join(token, "first").exit()).isZero();
        Ended second = join(token, "second");
        assertThat(second.exit()).isEqualTo(1);
        assertThat(second.text()).containsAnyOf("was used already", "A token is good once");
        assertThat(directory.resolve("second.yaml")).doesNotExist();
        assertThat(directory.resolve("second")).doesNotExist();
    }

    @Test
    void anOldTokenIsRefusedBeforeAnybodyIsAsked() throws Exception {
        Credentials old = issuer.issueAt(Instant.now().minus(Duration.ofHours(3)), Role.JOIN, "host-b");
        Ended ended = join(new Invitation(List.of(issuer.base), old).token(), "old");
        assertThat(ended.exit()).isEqualTo(1);
        assertThat(ended.text()).contains("has expired at");
    }

    @Test
    void anInvitationOpensNothingElse() throws Exception {
        try (HttpClient http = issuer.http(issuer.issue(Role.JOIN, "host-b"))) {
            for (String path : List.of("/v1/vms", "/v1/hosts", "/metrics", "/v1/pki/revocations")) {
                HttpResponse<String> answer = http.send(
                        HttpRequest.newBuilder(issuer.base.resolve(path)).build(),
                        HttpResponse.BodyHandlers.ofString());
                assertThat(answer.statusCode()).as(path).isEqualTo(403);
            }
        }
    }

    @Test
    void aHostThatLivesIsNotInvitedAgain() throws Exception {
        try (HostLease lease = issuer.store.announce(record("host-b", ""), Duration.ofSeconds(6))) {
            HostPki pki = new HostPki(config("host-a", directory.resolve("ca")), issuer.store, InstantSource.system());
            assertThatThrownBy(() -> pki.invite(new InviteHost("host-b", null)))
                    .isInstanceOf(Conflict.class)
                    .hasMessageContaining(lease.host().hostId());
        }
    }

    private static HostRecord record(String id, String restAddress) {
        return new HostRecord(id, "i", HostRole.HOST, restAddress, "", "", Map.of(HostPki.ISSUER_LABEL, "true"));
    }

    private HostdConfig config(String id, @org.jspecify.annotations.Nullable Path key) throws IOException {
        return SecureHost.config(id, directory.resolve(id + "-state"), directory.resolve(id + "-tls"), key);
    }

    /** A host whose clock says that half of its certificate's life is over. */
    private Renewal due(HostdConfig config, HostTls tls) {
        InstantSource later = InstantSource.offset(InstantSource.system(), Duration.ofMinutes(40));
        return new Renewal(config, tls, new HostPki(config, issuer.store, InstantSource.system()), later);
    }

    private HostTls tls(HostdConfig config) throws IOException {
        Files.createDirectories(config.stateDirectory());
        return Objects.requireNonNull(HostTls.open(config, InstantSource.system()));
    }

    @Test
    void aHostThatHoldsTheKeyRenewsItself() throws Exception {
        HostdConfig config = config("host-a", directory.resolve("ca"));
        try (HostTls tls = tls(config)) {
            Credentials before = tls.credentials().get();
            new Renewal(config, tls, new HostPki(config, issuer.store, InstantSource.system()), InstantSource.system())
                    .runIfDue();
            assertThat(tls.credentials().get()).as("it was not due").isSameAs(before);
            due(config, tls).runIfDue();
            Credentials after = tls.credentials().get();
            assertThat(after.identity()).isEqualTo(before.identity());
            assertThat(after.key()).isNotEqualTo(before.key());
            assertThat(after.until()).isAfter(before.until().plus(Duration.ofDays(5)));
            assertThat(Credentials.load(TlsFiles.in(issuer.tlsDirectory)).chain())
                    .isEqualTo(after.chain());
        }
    }

    @Test
    void aHostWithoutTheKeyIsRenewedByOneThatHoldsIt() throws Exception {
        issuer.authority.issue(
                SecureHost.issuance(Role.HOST, "host-b", Duration.ofHours(1)), directory.resolve("host-b-tls"));
        HostdConfig config = config("host-b", null);
        try (HostTls tls = tls(config);
                HostLease unused = issuer.store.announce(
                        record("host-a", "127.0.0.1:" + issuer.base.getPort()), Duration.ofSeconds(6))) {
            Credentials before = tls.credentials().get();
            due(config, tls).runIfDue();
            Credentials after = tls.credentials().get();
            assertThat(after.until()).isAfter(before.until().plus(Duration.ofDays(5)));
            assertThat(List.copyOf(after.chain().getFirst().getSubjectAlternativeNames()))
                    .isEqualTo(List.copyOf(before.chain().getFirst().getSubjectAlternativeNames()));
        }
    }

    @Test
    void aRevokedHostIsNotRenewed() throws Exception {
        issuer.authority.issue(
                SecureHost.issuance(Role.HOST, "host-b", Duration.ofHours(1)), directory.resolve("host-b-tls"));
        HostdConfig config = config("host-b", null);
        try (HostTls tls = tls(config);
                HostLease unused = issuer.store.announce(
                        record("host-a", "127.0.0.1:" + issuer.base.getPort()), Duration.ofSeconds(6));
                HttpClient http = issuer.http(tls.credentials().get())) {
            issuer.store.revoke(new Revocation("host/host-b", Instant.now()));
            org.awaitility.Awaitility.await().atMost(Duration.ofSeconds(30)).until(() -> {
                try {
                    http.send(
                            HttpRequest.newBuilder(issuer.base.resolve("/v1/vms"))
                                    .build(),
                            HttpResponse.BodyHandlers.discarding());
                    return false;
                } catch (IOException kept) {
                    return true;
                }
            });
            Credentials before = tls.credentials().get();
            due(config, tls).runIfDue();
            assertThat(tls.credentials().get()).isSameAs(before);
        }
    }

    /** The new certificate lies beside until the key is replaced. */
    @Test
    void aRenewalThatIsCutOffLeavesOneIdentityWhole() throws Exception {
        TlsFiles files = TlsFiles.in(issuer.tlsDirectory);
        Credentials old = Credentials.load(files);
        Credentials fresh = issuer.issue(Role.HOST, "host-a");
        Path next = files.certificate().resolveSibling("certificate.pem.next");
        Files.writeString(next, dev.godwit.tls.Pem.text(fresh.chain()));
        assertThat(Credentials.load(files).chain()).as("before the key").isEqualTo(old.chain());
        TlsFiles.writeSecret(
                files.key(), dev.godwit.tls.Pem.text("PRIVATE KEY", fresh.key().getEncoded()));
        assertThat(Credentials.load(files).chain()).as("after the key").isEqualTo(fresh.chain());
    }

    @Test
    void anotherHostsCertificateIsRefusedAtTheStart() throws Exception {
        HostdConfig config = SecureHost.config("host-c", directory.resolve("c"), issuer.tlsDirectory, null);
        assertThatThrownBy(() -> HostTls.open(config, InstantSource.system()))
                .hasMessageContaining("is the certificate of host/host-a, and this is host/host-c")
                .hasMessageContaining("godwit pki issue --role host host-c");
    }

    /** An issuer whose clock goes wrong by this. */
    private HostPki pki(FleetStore store, Duration clockAhead) throws IOException {
        return new HostPki(
                config("host-a", directory.resolve("ca")),
                store,
                InstantSource.offset(InstantSource.system(), clockAhead));
    }

    private static RequestCertificate request(String... addresses) throws IOException {
        return new RequestCertificate(CertificateRequest.of(KeyPairs.generate()), List.of(addresses));
    }

    private Caller caller(Role role, Credentials shown) {
        return new Caller(role, "host-b", shown.chain().getFirst());
    }

    private static Caller withNew(CertificateIssued issued) throws Exception {
        return new Caller(
                Role.HOST, "host-b", Pem.certificates(issued.certificate()).getFirst());
    }

    @Test
    void aStolenCertificateThatIsRenewedByAClockThatIsAheadEndsWithTheRevocation() throws Exception {
        HostPki ahead = pki(issuer.store, Duration.ofMinutes(5));
        Caller thief = withNew(ahead.certify(caller(Role.HOST, issuer.issue(Role.HOST, "host-b")), request()));
        pki(issuer.store, Duration.ofMinutes(-5)).revoke(new Revoke("host/host-b"));
        assertThatThrownBy(() -> ahead.certify(thief, request()))
                .isInstanceOf(Forbidden.class)
                .hasMessageContaining("was revoked");
        assertThat(issuer.store.revocations())
                .anyMatch(one -> one.hits(
                        new Identity(SecureHost.FLEET, Role.HOST, "host-b"),
                        Objects.requireNonNull(thief.certificate())));
    }

    @Test
    void aRevocationThatComesWhileACertificateIsIssuedKeepsItBack() throws Exception {
        AtomicInteger reads = new AtomicInteger();
        FleetStore racing = (FleetStore) Proxy.newProxyInstance(
                FleetStore.class.getClassLoader(), new Class<?>[] {FleetStore.class}, (proxy, method, arguments) -> {
                    if (method.getName().equals("revocations") && reads.getAndIncrement() == 1) {
                        issuer.store.revoke(new Revocation("host/host-b", Instant.EPOCH));
                    }
                    return method.invoke(issuer.store, arguments);
                });
        assertThatThrownBy(() -> pki(racing, Duration.ZERO)
                        .certify(caller(Role.HOST, issuer.issue(Role.HOST, "host-b")), request()))
                .isInstanceOf(Forbidden.class)
                .hasMessageContaining("revoked at this moment");
        assertThat(reads).hasValue(2);
    }

    @Test
    void aRevokedHostJoinsAnewByAnInvitationFromAfterItAndIsRenewedThen() throws Exception {
        HostPki slow = pki(issuer.store, Duration.ofMinutes(-5));
        Credentials before = issuer.issue(Role.JOIN, "host-b");
        pki(issuer.store, Duration.ZERO).revoke(new Revoke("host/host-b"));
        assertThatThrownBy(() -> slow.certify(caller(Role.JOIN, before), request("10.0.0.2")))
                .isInstanceOf(Forbidden.class);
        Credentials invited = Invitation.parse(
                        slow.invite(new InviteHost("host-b", null)).token())
                .credentials();
        Caller joined = withNew(slow.certify(caller(Role.JOIN, invited), request("10.0.0.2")));
        assertThat(slow.certify(joined, request()).certificate()).contains("CERTIFICATE");
    }

    @Test
    void anInvitationIsNotUsedUpByAddressesThatCantBe() throws Exception {
        HostPki pki = pki(issuer.store, Duration.ZERO);
        Caller invited = caller(Role.JOIN, issuer.issue(Role.JOIN, "host-b"));
        assertThatThrownBy(() -> pki.certify(invited, request("not an address")))
                .isInstanceOf(BadRequest.class)
                .hasMessageContaining("neither a name nor an address");
        assertThat(pki.certify(invited, request("10.0.0.2")).certificate()).contains("CERTIFICATE");
    }
}
