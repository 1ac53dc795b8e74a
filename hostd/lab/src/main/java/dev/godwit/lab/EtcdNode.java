package dev.godwit.lab;

import dev.godwit.tls.Role;
import dev.godwit.tls.TlsFiles;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The fleet store of a lab: one real etcd, below the init that holds the lab's network namespace; it ends with that. */
public final class EtcdNode {
    private static final int CLIENT_PORT = 2379;
    private static final int PEER_PORT = 2380;
    /** An idle machine starts it in under a second. */
    private static final Duration START_WAIT = Duration.ofSeconds(30);

    private final HostNamespaces lab;
    private final String address;
    private final Path log;
    private final long pid;

    private EtcdNode(HostNamespaces lab, String address, Path log, long pid) {
        this.lab = lab;
        this.address = address;
        this.log = log;
        this.pid = pid;
    }

    /**
     * Starts it and waits until it listens.
     *
     * @param directory for its data, made by etcd; its log lies beside it
     * @param address of the lab's network namespace
     * @param fleet who signs its certificate, and those that it takes
     * @throws LabException if etcd is not installed or does not start
     */
    public static EtcdNode start(HostNamespaces lab, Path directory, String address, LabFleet fleet) {
        if (Command.of("which", "etcd").tryRun().status() != 0) {
            throw new LabException("etcd is missing: run script/bootstrap, or install the package etcd-server");
        }
        TlsFiles own =
                fleet.issue(Role.STORE, "etcd", address, directory.resolveSibling(directory.getFileName() + "-tls"));
        String client = "https://" + address + ":" + CLIENT_PORT;
        String peer = "http://127.0.0.1:" + PEER_PORT;
        Path log = directory.resolveSibling(directory.getFileName() + ".log");
        long pid = lab.start(
                Map.of(),
                log.toString(),
                List.of(
                        "etcd",
                        "--name=lab",
                        "--data-dir=" + directory,
                        "--listen-client-urls=" + client,
                        "--advertise-client-urls=" + client,
                        "--listen-peer-urls=" + peer,
                        "--initial-advertise-peer-urls=" + peer,
                        "--initial-cluster=lab=" + peer,
                        "--cert-file=" + own.certificate(),
                        "--key-file=" + own.key(),
                        "--client-cert-auth",
                        "--trusted-ca-file=" + fleet.hostsAuthority()));
        EtcdNode node = new EtcdNode(lab, address, log, pid);
        Patience.waitFor("etcd to listen (its log is " + log + ")", START_WAIT, node::listening);
        return node;
    }

    public URI clientUrl() {
        return URI.create("https://" + address + ":" + CLIENT_PORT);
    }

    /** Sends it a signal by name, e.g. {@code STOP}. */
    public void signal(String name) {
        lab.signal(pid, name);
    }

    private Optional<Boolean> listening() {
        if (!Files.exists(lab.path("/proc/" + pid))) {
            throw new LabException("etcd ended at its start; its log is " + log);
        }
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress(address, CLIENT_PORT), 500);
            return Optional.of(true);
        } catch (IOException e) {
            return Optional.empty(); // not listening yet: Patience says so if it lasts
        }
    }
}
