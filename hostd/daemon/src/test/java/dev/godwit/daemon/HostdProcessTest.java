package dev.godwit.daemon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.godwit.api.CreateVm;
import dev.godwit.api.ExecRequest;
import dev.godwit.client.Endpoint;
import dev.godwit.client.ExecStream;
import dev.godwit.client.GodwitClient;
import dev.godwit.client.Timeouts;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** hostd as a process of its own. */
class HostdProcessTest {
    private static final Duration BOUND = Duration.ofSeconds(60);

    @TempDir
    Path directory;

    private Path socket;
    private Path log;
    private Process hostd;

    @BeforeEach
    void start() throws Exception {
        socket = directory.resolve("hostd.sock");
        log = directory.resolve("log");
        hostd = start(environment -> {});
    }

    @AfterEach
    void end() throws Exception {
        hostd.destroyForcibly();
        assertThat(hostd.waitFor(BOUND.toSeconds(), TimeUnit.SECONDS)).isTrue();
    }

    private Process start(Consumer<ProcessBuilder> more) throws IOException {
        Path config = Files.writeString(
                directory.resolve("hostd.yaml"),
                "host-id: host-a\nstate-directory: " + directory.resolve("state") + "\nsocket: " + socket + "\n");
        ProcessBuilder builder = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "--enable-native-access=ALL-UNNAMED", // as the launcher does; SQLite loads a library
                        "-XX:+UseSerialGC",
                        "-Xmx64m",
                        "-Dlogback.configurationFile=logback.xml",
                        "-cp",
                        System.getProperty("java.class.path"),
                        "dev.godwit.daemon.Hostd",
                        "--config",
                        config.toString())
                .redirectError(ProcessBuilder.Redirect.appendTo(log.toFile()))
                .redirectOutput(ProcessBuilder.Redirect.DISCARD);
        more.accept(builder);
        Process process = builder.start();
        await().atMost(BOUND).until(() -> Files.exists(socket) || !process.isAlive());
        return process;
    }

    private GodwitClient client() {
        return new GodwitClient(
                List.of(Endpoint.parse("unix:" + socket)), Timeouts.usual().withRetry(BOUND));
    }

    private int terminate() throws Exception {
        hostd.destroy();
        assertThat(hostd.waitFor(BOUND.toSeconds(), TimeUnit.SECONDS)).isTrue();
        return hostd.exitValue();
    }

    @Test
    void sigtermStopsItInOrderWithStatusZero() throws Exception {
        try (GodwitClient client = client()) {
            client.createVm(new CreateVm("web", "debian-ci", 1, 512, 1024));
            String exec = client.startExec("web", ExecRequest.of("wait"));
            try (ExecStream follower = client.output("web", exec)) {
                Thread.ofVirtual().start(() -> {
                    try {
                        follower.next();
                    } catch (IOException over) {
                        return; // the stop ends it
                    }
                });
                assertThat(terminate()).isZero();
            }
        }
        assertThat(socket).doesNotExist();
        assertThat(Files.readAllLines(log))
                .anyMatch(line -> line.contains("hostd stops; its VMs run on"))
                .allMatch(line -> line.matches("^\\d{4}-\\S+Z [A-Z]+ \\w+: .*"));
    }

    @Test
    void aKilledHostdIsFollowedByANewOneOnTheSameSocket() throws Exception {
        hostd.destroyForcibly();
        assertThat(hostd.waitFor(BOUND.toSeconds(), TimeUnit.SECONDS)).isTrue();
        assertThat(socket).exists();
        hostd = start(builder -> {});
        try (GodwitClient client = client()) {
            assertThat(client.host().id()).isEqualTo("host-a");
        }
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(socket)))
                .isEqualTo("rw-rw----");
    }

    @Test
    void systemdIsToldThatItServesLivesAndStops() throws Exception {
        assertThat(terminate()).isZero();
        Path told = directory.resolve("told");
        Path program = Files.writeString(
                directory.resolve("systemd-notify"), "#!/bin/sh\necho \"$JOURNAL_STREAM $@\" >>" + told + "\n");
        Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwxr-xr-x"));
        Files.delete(log);
        hostd = start(builder -> {
            builder.environment().put("PATH", directory + ":" + System.getenv("PATH"));
            builder.environment()
                    .put("NOTIFY_SOCKET", directory.resolve("notify").toString());
            builder.environment().put("WATCHDOG_USEC", "200000");
            builder.environment().put("JOURNAL_STREAM", "8:1");
        });
        await().atMost(BOUND)
                .until(() -> Files.exists(told)
                        && Files.readString(told).contains("--ready")
                        && Files.readString(told).split("WATCHDOG=1", -1).length > 3);
        assertThat(terminate()).isZero();
        assertThat(Files.readString(told)).contains("STOPPING=1").contains("--pid=" + hostd.pid());
        assertThat(Files.readAllLines(log)).allMatch(line -> line.matches("^<[3-7]>\\w+: .*"));
    }
}
