package dev.godwit.pki;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.godwit.tls.Credentials;
import dev.godwit.tls.Identity;
import dev.godwit.tls.Pem;
import dev.godwit.tls.Revocation;
import dev.godwit.tls.Role;
import dev.godwit.tls.Serials;
import dev.godwit.tls.TlsFiles;
import dev.godwit.tls.TlsUnusable;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.KeyPair;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FleetAuthorityTest {
    @TempDir
    Path directory;

    private TestFleet fleet;

    @BeforeEach
    void make() throws Exception {
        fleet = TestFleet.make(directory.resolve("ca"), "blue");
    }

    @Test
    void anIssuedIdentityIsReadBackFromItsFiles() throws Exception {
        Credentials made =
                fleet.authority.issue(fleet.issuance(Role.HOST, "host-a", Duration.ofDays(7)), directory.resolve("a"));
        Credentials read = Credentials.load(TlsFiles.in(directory.resolve("a")));
        assertThat(read.identity()).isEqualTo(new Identity("blue", Role.HOST, "host-a"));
        assertThat(read.chain()).isEqualTo(made.chain());
        assertThat(read.until())
                .isBetween(Instant.now().plus(Duration.ofDays(6)), Instant.now().plus(Duration.ofDays(8)));
        assertThat(read.renewFrom()).isBefore(read.until().minus(Duration.ofDays(3)));
    }

    @Test
    void keysAreTheirOwnersAlone() throws Exception {
        fleet.authority.issue(fleet.issuance(Role.OPERATOR, "alice", Duration.ofDays(1)), directory.resolve("alice"));
        for (String file : List.of("ca/hosts.key", "ca/clients.key", "alice/key.pem", "ca/issued.jsonl")) {
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(directory.resolve(file))))
                    .as(file)
                    .isEqualTo("rw-------");
        }
    }

    @Test
    void aKeyThatOthersMayReadIsRefusedWithWhatToDo() throws Exception {
        fleet.authority.issue(fleet.issuance(Role.OPERATOR, "alice", Duration.ofDays(1)), directory.resolve("alice"));
        Path key = directory.resolve("alice/key.pem");
        Files.setPosixFilePermissions(key, PosixFilePermissions.fromString("rw-r-----"));
        assertThatThrownBy(() -> Credentials.load(TlsFiles.in(directory.resolve("alice"))))
                .isInstanceOf(TlsUnusable.class)
                .hasMessageContaining(key + " has mode rw-r-----")
                .hasMessageContaining("chmod 600");
        Path authority = directory.resolve("ca/hosts.key");
        Files.setPosixFilePermissions(authority, PosixFilePermissions.fromString("rw----r--"));
        assertThatThrownBy(() -> fleet.issue(Role.HOST, "host-a"))
                .isInstanceOf(TlsUnusable.class)
                .hasMessageContaining(authority + " has mode rw----r--");
    }

    @Test
    void aKeyOfAnotherCertificateIsRefused() throws Exception {
        fleet.authority.issue(fleet.issuance(Role.OPERATOR, "alice", Duration.ofDays(1)), directory.resolve("alice"));
        fleet.authority.issue(fleet.issuance(Role.OPERATOR, "bob", Duration.ofDays(1)), directory.resolve("bob"));
        Files.delete(directory.resolve("alice/key.pem"));
        Files.move(directory.resolve("bob/key.pem"), directory.resolve("alice/key.pem"));
        assertThatThrownBy(() -> Credentials.load(TlsFiles.in(directory.resolve("alice"))))
                .hasMessageContaining("alice/certificate.pem is not the certificate of the private key beside it");
    }

    @Test
    void whereTheClientsKeyIsNotNobodyMakesAnOperator() throws Exception {
        Files.delete(directory.resolve("ca/clients.key"));
        assertThat(fleet.issue(Role.HOST, "host-b").identity().role()).isEqualTo(Role.HOST);
        assertThatThrownBy(() -> fleet.issue(Role.OPERATOR, "mallory"))
                .isInstanceOf(TlsUnusable.class)
                .hasMessageContaining("no key of the authority for clients");
    }

    @Test
    void anAuthorityIsNotMadeOverAnother() {
        assertThatThrownBy(() -> TestFleet.make(directory.resolve("ca"), "red"))
                .isInstanceOf(TlsUnusable.class)
                .hasMessageContaining("holds an authority already");
    }

    @Test
    void everyCertificateIsNoted() throws Exception {
        Credentials a = fleet.issue(Role.HOST, "host-a");
        Credentials alice = fleet.issue(Role.OPERATOR, "alice");
        assertThat(fleet.authority.issued())
                .extracting(FleetAuthority.Issued::subject)
                .containsExactly("host/host-a", "operator/alice");
        assertThat(fleet.authority.issued().getFirst().serial())
                .isEqualTo(Serials.text(a.chain().getFirst().getSerialNumber()));
        assertThat(fleet.authority.issued().get(1).until()).isEqualTo(alice.until());
    }

    @Test
    void aRevocationOfANameHitsWhatWasIssuedBeforeItAndNotWhatComesAfter() throws Exception {
        Instant now = Instant.now();
        X509Certificate old = fleet.issueAt(now.minusSeconds(60), Role.HOST, "host-b", directory.resolve("ca"))
                .chain()
                .getFirst();
        X509Certificate fresh = fleet.issueAt(now.plusSeconds(60), Role.HOST, "host-b", directory.resolve("ca"))
                .chain()
                .getFirst();
        Identity b = new Identity("blue", Role.HOST, "host-b");
        Revocation byName = new Revocation("host/host-b", now);
        assertThat(byName.hits(b, old)).isTrue();
        assertThat(byName.hits(b, fresh)).isFalse();
        assertThat(byName.hits(new Identity("blue", Role.HOST, "host-c"), old)).isFalse();
        Revocation bySerial = new Revocation(Serials.text(fresh.getSerialNumber()), now);
        assertThat(bySerial.hits(b, fresh)).isTrue();
        assertThat(bySerial.hits(b, old)).isFalse();
    }

    @Test
    void aRequestIsForTheKeyThatSignedIt() throws Exception {
        KeyPair pair = KeyPairs.generate();
        String request = CertificateRequest.of(pair);
        assertThat(CertificateRequest.key(request)).isEqualTo(pair.getPublic());
        byte[] der = Pem.blocks(Pem.REQUEST, request).getFirst();
        der[der.length - 1] ^= 1;
        for (String bad : List.of(
                "",
                "x",
                Pem.text(Pem.REQUEST, new byte[] {1, 2, 3}),
                Pem.text(Pem.REQUEST, der),
                request + request,
                "-----BEGIN CERTIFICATE REQUEST-----",
                "a".repeat(20_000))) {
            assertThatThrownBy(() -> CertificateRequest.key(bad))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("certificate request");
        }
    }

    @Test
    void anInvitationGoesThroughItsTokenAndACutOneIsRefused() throws Exception {
        Invitation made = Invitation.make(
                fleet.authority, "host-b", Invitation.VALIDITY, List.of(java.net.URI.create("https://10.0.0.1:7700")));
        Invitation read = Invitation.parse(made.token());
        assertThat(read.identity()).isEqualTo(new Identity("blue", Role.JOIN, "host-b"));
        assertThat(read.endpoints()).isEqualTo(made.endpoints());
        assertThat(read.fingerprint()).isEqualTo(made.fingerprint()).hasSize(64);
        assertThat(read.credentials().key()).isEqualTo(made.credentials().key());
        String token = made.token();
        for (String bad : List.of(
                "",
                "x",
                "godwit1.",
                token.substring(0, token.length() - 4),
                token + "AAAA",
                token.substring(0, 200),
                token.replace("godwit1.", "godwit2."),
                "godwit1.!!!")) {
            assertThatThrownBy(() -> Invitation.parse(bad))
                    .as(bad)
                    .isInstanceOf(TlsUnusable.class)
                    .hasMessageContaining("token");
        }
    }

    @Test
    void aTimeThatIsOverIsSaidWithWhatToDo() throws Exception {
        Credentials old =
                fleet.issueAt(Instant.now().minus(Duration.ofDays(2)), Role.OPERATOR, "alice", directory.resolve("ca"));
        assertThatThrownBy(() -> old.requireValid(InstantSource.system().instant()))
                .isInstanceOf(TlsUnusable.class)
                .hasMessageContaining("operator/alice has expired at")
                .hasMessageContaining("godwit pki issue");
    }
}
