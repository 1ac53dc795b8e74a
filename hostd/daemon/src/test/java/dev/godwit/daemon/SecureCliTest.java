package dev.godwit.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import dev.godwit.pki.FleetAuthority;
import dev.godwit.pki.PkiCommand;
import dev.godwit.tls.Credentials;
import dev.godwit.tls.Role;
import dev.godwit.tls.TlsFiles;
import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The command over TLS, and the commands that make certificates. */
class SecureCliTest {
    @TempDir
    static Path directory;

    private static SecureHost host;

    @BeforeAll
    static void open() throws Exception {
        host = SecureHost.open("host-a", new FakeFleet(), directory);
        host.authority.issue(
                SecureHost.issuance(Role.OPERATOR, "alice", Duration.ofHours(1)), directory.resolve("alice"));
        host.authority.issue(SecureHost.issuance(Role.VIEWER, "eve", Duration.ofHours(1)), directory.resolve("eve"));
    }

    @AfterAll
    static void close() throws Exception {
        host.close();
    }

    private record Ended(int exit, String text) {}

    private static Ended godwit(String... words) throws Exception {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                CliTest.classPath(),
                "dev.godwit.cli.Godwit"));
        command.addAll(List.of(words));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        process.getOutputStream().close();
        String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        return new Ended(process.exitValue(), text);
    }

    private static Ended as(String who, String... words) throws Exception {
        List<String> all = new ArrayList<>(List.of(
                "--endpoint",
                host.base.toString(),
                "--tls-dir",
                directory.resolve(who).toString()));
        all.addAll(List.of(words));
        return godwit(all.toArray(String[]::new));
    }

    @Test
    void anOperatorDoesWhatAViewerMayNot() throws Exception {
        assertThat(as("alice", "vm", "create", "web", "--image", "debian-ci").exit())
                .isZero();
        Ended listed = as("eve", "vm", "list");
        assertThat(listed.exit()).isZero();
        assertThat(listed.text()).contains("web");
        Ended refused = as("eve", "vm", "rm", "web");
        assertThat(refused.exit()).isEqualTo(5);
        assertThat(refused.text())
                .contains("viewer/eve may not DELETE /v1/vms/web; it needs the role agent-broker or operator");
        assertThat(as("alice", "vm", "exec", "web", "--no-stdin", "--", "count", "2", "1")
                        .exit())
                .isZero();
    }

    @Test
    void withoutACertificateItSaysWhereOneIsLookedFor() throws Exception {
        Ended ended = as("nowhere", "vm", "list");
        assertThat(ended.exit()).isEqualTo(3);
        assertThat(ended.text()).contains("nowhere").contains("--tls-dir or GODWIT_TLS_DIR");
    }

    @Test
    void aKeyThatOthersMayReadIsNotUsed() throws Exception {
        Path copy = Files.createDirectory(directory.resolve("careless"));
        for (String file : List.of("certificate.pem", "key.pem", "authority.pem")) {
            Files.copy(directory.resolve("alice").resolve(file), copy.resolve(file));
        }
        Files.setPosixFilePermissions(copy.resolve("key.pem"), PosixFilePermissions.fromString("rw-r--r--"));
        assertThat(as("careless", "vm", "list").text()).contains("others than its owner may read the key");
    }

    @Test
    void whoIsRevokedByTheCommandIsToldSoAtTheNext() throws Exception {
        host.authority.issue(
                SecureHost.issuance(Role.VIEWER, "mallory", Duration.ofHours(1)), directory.resolve("mallory"));
        assertThat(as("mallory", "vm", "list").exit()).isZero();
        host.store.revoke(new dev.godwit.tls.Revocation("viewer/mallory", java.time.Instant.now()));
        org.awaitility.Awaitility.await()
                .atMost(Duration.ofSeconds(30))
                .until(() -> as("mallory", "vm", "list").exit() == 3);
        assertThat(as("mallory", "vm", "list").text()).contains("it does not take this certificate");
        assertThat(as("alice", "pki", "revoke", "viewer/other").text()).contains("viewer/other is revoked");
        assertThat(as("eve", "pki", "revoke", "viewer/other").exit()).isEqualTo(5);
    }

    private static Ended pki(String... words) {
        ByteArrayOutputStream text = new ByteArrayOutputStream();
        PrintStream out = new PrintStream(text, true, StandardCharsets.UTF_8);
        int exit = PkiCommand.run(List.of(words), out, out);
        return new Ended(exit, text.toString(StandardCharsets.UTF_8));
    }

    @Test
    void aFleetIsMadeFromTheCommandLine() throws Exception {
        String ca = directory.resolve("made").toString();
        String out = directory.resolve("made-out").toString();
        assertThat(pki("pki", "init", ca, "--fleet", "green"))
                .extracting(Ended::exit)
                .isEqualTo(0);
        assertThat(pki("pki", "init", ca).text()).contains("holds an authority already");
        Ended issued = pki("pki", "issue", "--role", "operator", "bob", "--dir", ca, "--out", out, "--days", "3");
        assertThat(issued.text()).contains("operator/bob of fleet green until");
        assertThat(Credentials.load(TlsFiles.in(Path.of(out))).identity()).hasToString("godwit://green/operator/bob");
        assertThat(pki("pki", "list", "--dir", ca).text()).contains("operator/bob");
        assertThat(FleetAuthority.open(Path.of(ca), InstantSource.system()).issued())
                .hasSize(1);
        for (String[] wrong : new String[][] {
            {"pki", "issue", "bob"},
            {"pki", "issue", "--role", "root", "bob", "--dir", ca},
            {"pki", "issue", "--role", "join", "bob", "--dir", ca},
            {"pki", "issue", "--role", "viewer", "b/b", "--dir", ca},
            {"pki", "issue", "--role", "viewer", "bob", "--dir", ca, "--days", "0"},
            {"pki", "issue", "--role", "viewer", "bob", "--dir", ca, "--address", "a b"},
            {"pki", "issue", "--role", "viewer", "bob", "--dri", ca},
            {"pki", "init"},
            {"pki", "sing"},
        }) {
            assertThat(pki(wrong))
                    .as(String.join(" ", wrong))
                    .extracting(Ended::exit)
                    .isEqualTo(2);
        }
        assertThat(pki("host", "join", "godwit1.x").text()).contains("token");
    }

    /** The class path of the command has no library that signs. */
    @Test
    void theCommandSaysWhatIsMissingWhenHostdIsNotInstalled() throws Exception {
        Ended ended = godwit("pki", "init", directory.resolve("none").toString());
        assertThat(ended.exit()).isEqualTo(1);
        assertThat(ended.text()).contains("hostd.jar is missing");
        assertThat(godwit("pki", "init", "--help").text()).contains("godwit pki init DIR");
        assertThat(new File(directory.resolve("none").toString())).doesNotExist();
    }
}
