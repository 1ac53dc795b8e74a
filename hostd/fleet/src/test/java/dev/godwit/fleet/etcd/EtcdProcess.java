package dev.godwit.fleet.etcd;

import dev.godwit.tls.TlsFiles;
import io.etcd.jetcd.Client;
import io.etcd.jetcd.options.DeleteOption;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;

/** A real etcd of one node on loopback, from Debian's package. It keeps its port and its data over a restart. */
final class EtcdProcess implements AutoCloseable {
    private final Path directory;
    private final int clientPort;
    private final int peerPort;
    private final List<String> tls;
    private Process process;

    private EtcdProcess(Path directory, int clientPort, int peerPort, List<String> tls) throws IOException {
        this.tls = tls;
        this.directory = directory;
        this.clientPort = clientPort;
        this.peerPort = peerPort;
        this.process = launch();
    }

    static EtcdProcess start(Path directory) throws IOException {
        return start(directory, List.of());
    }

    /** One that shows a certificate and takes only clients whose certificates an authority has signed. */
    static EtcdProcess startSecure(Path directory, TlsFiles own, Path clientsAuthority) throws IOException {
        return start(
                directory,
                List.of(
                        "--cert-file=" + own.certificate(),
                        "--key-file=" + own.key(),
                        "--client-cert-auth",
                        "--trusted-ca-file=" + clientsAuthority));
    }

    private static EtcdProcess start(Path directory, List<String> tls) throws IOException {
        EtcdProcess etcd = new EtcdProcess(directory, freePort(), freePort(), tls);
        etcd.awaitAnswering();
        return etcd;
    }

    /** Removes all that a test has written. */
    void empty() throws Exception {
        try (Client client = Client.builder().endpoints(endpoint()).build()) {
            client.getKVClient()
                    .delete(
                            Keys.bytes("/godwit/"),
                            DeleteOption.builder().isPrefix(true).build())
                    .get(10, TimeUnit.SECONDS);
        }
    }

    String endpoint() {
        return (tls.isEmpty() ? "http" : "https") + "://127.0.0.1:" + clientPort;
    }

    int clientPort() {
        return clientPort;
    }

    long pid() {
        return process.pid();
    }

    void kill() throws InterruptedException {
        process.destroyForcibly();
        if (!process.waitFor(10, TimeUnit.SECONDS)) {
            throw new IllegalStateException("etcd " + process.pid() + " does not die");
        }
    }

    void startAgain() throws IOException {
        process = launch();
        awaitAnswering();
    }

    /** SIGSTOP: it takes connections and answers nothing. */
    void freeze() throws IOException, InterruptedException {
        signal("STOP");
    }

    void thaw() throws IOException, InterruptedException {
        signal("CONT");
    }

    @Override
    public void close() {
        process.destroyForcibly();
        process.onExit().orTimeout(10, TimeUnit.SECONDS).join();
    }

    private void signal(String name) throws IOException, InterruptedException {
        new ProcessBuilder("kill", "-" + name, Long.toString(process.pid()))
                .inheritIO()
                .start()
                .waitFor(5, TimeUnit.SECONDS);
    }

    private Process launch() throws IOException {
        String peer = "http://127.0.0.1:" + peerPort;
        List<String> command = new ArrayList<>(List.of(
                "etcd",
                "--name",
                "test",
                "--data-dir",
                directory.resolve("etcd").toString(),
                "--listen-client-urls",
                endpoint(),
                "--advertise-client-urls",
                endpoint(),
                "--listen-peer-urls",
                peer,
                "--initial-advertise-peer-urls",
                peer,
                "--initial-cluster",
                "test=" + peer,
                "--log-level",
                "error"));
        command.addAll(tls);
        return new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(
                        directory.resolve("etcd.log").toFile()))
                .start();
    }

    private void awaitAnswering() {
        Awaitility.await("etcd at " + endpoint())
                .atMost(Duration.ofSeconds(30))
                .ignoreExceptions()
                .until(() -> {
                    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), clientPort)) {
                        return socket.isConnected();
                    }
                });
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }
}
