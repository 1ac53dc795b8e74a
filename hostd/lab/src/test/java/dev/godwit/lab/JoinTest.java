package dev.godwit.lab;

import static org.assertj.core.api.Assertions.assertThat;

import dev.godwit.api.Host;
import dev.godwit.client.GodwitClient;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A fleet grows by one command on each side. Needs root. */
class JoinTest {
    private static final DistFiles DIST = DistFiles.ofProperty();
    /** Where a lab host finds its private directory. */
    private static final String PRIVATE = "/run/godwit-host";

    @TempDir
    static Path folder;

    @BeforeAll
    static void needsAPrivateNetwork() {
        Assumptions.assumeTrue(LabNetwork.isPrivate(), "no network namespace of its own: needs root");
    }

    @Test
    void aSecondHostJoinsTheFleetAndItsTokenIsUsedUp() throws Exception {
        try (Lab lab = Lab.open(DIST, folder, null)) {
            LabHost a = lab.startHost("host-a", 1, false);
            String command = Command.of(
                            DIST.godwit().toString(),
                            "--endpoint",
                            a.endpoint().toString(),
                            "--tls-dir",
                            lab.fleet().operatorDirectory().toString(),
                            "host",
                            "invite",
                            "host-b")
                    .run()
                    .strip();
            assertThat(command).contains("godwit host join godwit1.");
            String token = command.substring(command.indexOf("godwit1.")).strip();

            LabHost b = lab.makeHost("host-b", 2, false);
            String joined = join(b, token, "hostd.yaml");
            assertThat(joined).contains("host host-b is of fleet lab");
            Path config = b.directory().resolve("hostd.yaml");
            Files.writeString(config, Files.readString(config) + "allow-emulation: true\n");
            b.launchHostd(DIST);
            try (GodwitClient client = lab.fleet().client(b)) {
                assertThat(client.hosts()).extracting(Host::id).containsExactlyInAnyOrder("host-a", "host-b");
            }

            LabHost c = lab.makeHost("host-c", 3, false);
            assertThat(tryJoin(c, token))
                    .as("refused by the member, or at its door when that knows already")
                    .containsAnyOf("was used already", "A token is good once");
            assertThat(c.directory().resolve("again.yaml")).doesNotExist();
        }
    }

    private static String join(LabHost host, String token, String config) {
        return host.machine()
                .run(
                        DIST.godwit().toString(),
                        "host",
                        "join",
                        token,
                        "--config",
                        PRIVATE + "/" + config,
                        "--tls-dir",
                        PRIVATE + "/tls",
                        "--state-directory",
                        PRIVATE + "/state");
    }

    private static String tryJoin(LabHost host, String token) {
        try {
            return join(host, token, "again.yaml");
        } catch (LabException refused) {
            return String.valueOf(refused.getMessage());
        }
    }
}
