package dev.godwit.lab.bench;

import dev.godwit.client.Endpoint;
import dev.godwit.client.GodwitClient;
import dev.godwit.client.Timeouts;
import dev.godwit.lab.DistFiles;
import dev.godwit.lab.LabFleet;
import dev.godwit.tls.Role;
import dev.godwit.tls.TlsFiles;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A real hostd with SQLite that listens on a unix socket and, over TLS, on loopback, with a state directory of its own. For one
 * thread.
 */
final class BenchHostd implements AutoCloseable {
    /** hostd probes its accelerator with a tiny guest at its start; a loaded machine takes its time. */
    private static final Duration READY_MAX = Duration.ofSeconds(90);

    private static final Duration END_MAX = Duration.ofSeconds(30);

    private final Process process;
    private final Path socket;
    private final LabFleet fleet;
    private final int port;

    private BenchHostd(Process process, Path socket, LabFleet fleet, int port) {
        this.process = process;
        this.socket = socket;
        this.fleet = fleet;
        this.port = port;
    }

    /** Starts it and returns when it answers; its log is {@code hostd.log} in the folder. */
    static BenchHostd start(DistFiles dist, Path folder) throws IOException {
        Path socket = folder.resolve("hostd.sock");
        Path config = folder.resolve("hostd.yaml");
        Path log = folder.resolve("hostd.log");
        LabFleet fleet = LabFleet.make(folder.resolve("fleet"));
        TlsFiles own = fleet.issue(Role.HOST, "bench", "127.0.0.1", folder.resolve("tls"));
        int port = freePort();
        Files.writeString(config, """
                host-id: bench
                state-directory: %s
                socket: %s
                rest-address: 127.0.0.1:%d
                tls: {certificate: %s, key: %s, authority: %s}
                allow-emulation: true
                """.formatted(
                        folder.resolve("state"), socket, port, own.certificate(), own.key(), own.authority()));
        ProcessBuilder builder = new ProcessBuilder(dist.hostd().toString(), "--config", config.toString())
                .redirectErrorStream(true)
                .redirectOutput(log.toFile());
        builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
        BenchHostd hostd = new BenchHostd(builder.start(), socket, fleet, port);
        try (GodwitClient client = new GodwitClient(
                List.of(Endpoint.parse("unix:" + socket)), Timeouts.usual().withRetry(READY_MAX))) {
            client.host();
            return hostd;
        } catch (IOException failed) {
            hostd.close();
            throw new IOException(
                    "hostd did not come up: " + failed.getMessage() + "\n" + Files.readString(log), failed);
        }
    }

    private static int freePort() throws IOException {
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return free.getLocalPort();
        }
    }

    Path socket() {
        return socket;
    }

    /** Where it answers over TLS. */
    String secureEndpoint() {
        return "https://127.0.0.1:" + port;
    }

    /** Who may ask there. */
    LabFleet fleet() {
        return fleet;
    }

    /** Its anonymous memory, as the kernel counts it. Source: proc_pid_status(5), RssAnon. */
    double rssAnonMib() throws IOException {
        Path status = Path.of("/proc", Long.toString(process.pid()), "status");
        return Files.readAllLines(status).stream()
                        .filter(line -> line.startsWith("RssAnon:"))
                        .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")))
                        .findFirst()
                        .orElseThrow(() -> new IOException(status + " has no RssAnon"))
                / 1024.0;
    }

    @Override
    public void close() {
        process.destroy();
        try {
            if (!process.waitFor(END_MAX.toSeconds(), TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException stop) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }
}
