package dev.godwit.lab;

import dev.godwit.tls.Role;
import java.io.IOException;
import java.io.InputStream;
import java.net.HttpURLConnection;
import java.net.Proxy;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import javax.net.ssl.HttpsURLConnection;
import org.jspecify.annotations.Nullable;

/**
 * A host of the lab: its namespaces, its private state directory, its metadata server, and hostd in it. For one thread.
 */
public final class LabHost implements AutoCloseable {
    /** Where the host finds its private directory. */
    private static final String PRIVATE = "/run/godwit-host";

    private static final String CONFIG = PRIVATE + "/hostd.yaml";
    private static final String LOG = PRIVATE + "/hostd.log";
    private static final String TLS = "tls";
    private static final String ISSUER = "pki";
    /** The host that renews the certificates of all. */
    private static final int ISSUER_NUMBER = 1;

    private static final String SOCKET = "/run/godwit/hostd.sock";
    /** hostd probes its accelerator with a tiny guest at its start; a loaded machine takes its time. */
    private static final Duration READY_WAIT = Duration.ofSeconds(90);
    /** A JVM that was watched makes its cache when it ends. */
    private static final Duration END_WAIT = Duration.ofMinutes(2);
    /** How much of a log goes into a message. */
    private static final int LOG_LINES_SHOWN = 15;

    private static final String PLAN = " plan: ";

    private final HostNamespaces machine;
    private final HostAddress address;
    private final MetadataServer metadata;
    private final LabNetwork network;
    private final Path directory;
    private long hostdPid;
    private final Map<String, String> environment;
    private final LabFleet fleet;
    private boolean destroyed;

    LabHost(
            HostNamespaces machine,
            HostAddress address,
            MetadataServer metadata,
            LabNetwork network,
            Path directory,
            Map<String, String> environment,
            LabFleet fleet) {
        this.fleet = fleet;
        this.environment = new HashMap<>(environment);
        this.machine = machine;
        this.address = address;
        this.metadata = metadata;
        this.network = network;
        this.directory = directory;
    }

    /**
     * The mounts that make a host private: what it sees of the machine below is the installed software, read where it
     * lies; everything it can meet another host through is its own.
     *
     * @param directory the host's directory in the lab's
     * @param cache the folder of caches, hidden from all hosts but the one that builds images; null where it is not
     */
    static List<String> mounts(Path directory, DistFiles dist, @Nullable Path cache) {
        List<String> mounts = new ArrayList<>(List.of("tmpfs=/run", "bind=" + directory + ":" + PRIVATE));
        List<Path> hidden = new ArrayList<>(List.of(Path.of("/tmp"), Path.of("/var/tmp")));
        if (cache != null && Files.isDirectory(cache)) {
            hidden.add(cache);
        }
        for (Path path : hidden) {
            if (!dist.root().startsWith(path)) {
                mounts.add("tmpfs=" + path);
            }
        }
        return mounts;
    }

    public String id() {
        return machine.name();
    }

    public HostAddress address() {
        return address;
    }

    /** Where clients reach its hostd. */
    public URI endpoint() {
        return address.url();
    }

    public MetadataServer metadata() {
        return metadata;
    }

    public HostNamespaces machine() {
        return machine;
    }

    /** Its private directory as the lab sees it: {@code hostd.log}, {@code hostd.yaml}, {@code state}. */
    public Path directory() {
        return directory;
    }

    /** A path of the host as the lab can open it, also for unix sockets. */
    public Path path(String inside) {
        return machine.path(inside);
    }

    /** Writes the certificate and the configuration and starts hostd; returns when it answers. */
    public void startHostd(DistFiles dist, URI fleetStore) {
        boolean issues = address.number() == ISSUER_NUMBER;
        HostdConfig config = new HostdConfig(
                id(),
                PRIVATE + "/state",
                SOCKET,
                address,
                fleetStore,
                metadata.endpoint(),
                PRIVATE + "/" + TLS,
                issues ? PRIVATE + "/" + ISSUER : null,
                network.hostdLines(address));
        fleet.issue(Role.HOST, id(), address.ctl(), directory.resolve(TLS));
        if (issues) {
            fleet.copyIssuer(directory.resolve(ISSUER));
        }
        try {
            Files.createDirectories(directory.resolve("state"));
            Files.writeString(directory.resolve("hostd.yaml"), config.yaml());
        } catch (IOException e) {
            throw new LabException("the configuration of " + id() + " can't be written: " + e.getMessage(), e);
        }
        machine.run("mkdir", "-p", "/run/godwit");
        launchHostd(dist);
    }

    /** Starts hostd again, on the configuration it had. */
    public void launchHostd(DistFiles dist) {
        hostdPid = machine.start(environment, LOG, List.of(dist.hostd().toString(), "--config", CONFIG));
        Patience.waitFor("hostd on " + id() + " to answer at " + endpoint(), READY_WAIT, this::answers);
    }

    /** hostd's JVM shall leave an AOT cache of this name in the host's directory when it ends. */
    void trainHostd(String cache) {
        environment.put(
                "GODWIT_HOSTD_JVM_OPTIONS",
                "-XX:AOTCacheOutput=" + PRIVATE + "/" + cache + " -Xlog:aot=error,cds=error");
    }

    /** Ends hostd as a service manager does, and waits for it. */
    void stopHostd() {
        machine.signal(hostdPid, "TERM");
        Patience.waitFor(
                "hostd on " + id() + " to end",
                END_WAIT,
                () -> Files.exists(machine.path("/proc/" + hostdPid)) ? Optional.empty() : Optional.of(true));
    }

    /** Kills hostd without a warning. */
    public void killHostd() {
        machine.signal(hostdPid, "KILL");
    }

    /** Bytes that this host has sent over its peer link. */
    public long peerBytesSent() {
        return network.peerBytesSent(machine);
    }

    /** Cuts or mends its peer link. */
    public void peerLink(boolean up) {
        network.peerLink(machine, up);
    }

    public boolean alive() {
        return machine.alive();
    }

    /** The plans that its hostd has made, oldest first, each a sentence. */
    public List<String> plans() {
        try (Stream<String> lines = Files.lines(directory.resolve("hostd.log"))) {
            return lines.filter(line -> line.contains(PLAN))
                    .map(line -> line.substring(line.indexOf(PLAN) + 1))
                    .toList();
        } catch (IOException e) {
            throw new LabException("the log of hostd on " + id() + " can't be read: " + e.getMessage(), e);
        }
    }

    /** The end of hostd's log, for messages. */
    public String logTail() {
        try {
            List<String> lines = Files.readAllLines(directory.resolve("hostd.log"));
            return String.join("\n", lines.subList(Math.max(0, lines.size() - LOG_LINES_SHOWN), lines.size()));
        } catch (IOException e) {
            return "(no log: " + e.getMessage() + ")";
        }
    }

    /** What hostd has logged since its log had that many bytes. */
    public String logFrom(long offset) {
        try (InputStream log = Files.newInputStream(directory.resolve("hostd.log"))) {
            log.skipNBytes(offset);
            return new String(log.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new LabException("the log of hostd on " + id() + " can't be read: " + e.getMessage(), e);
        }
    }

    /** The machine is taken away: hostd, VMM and all else in it are killed, its namespaces and its link end. */
    public void destroy() {
        if (!destroyed) {
            destroyed = true;
            LabCgroups groups = LabCgroups.of(machine);
            // Links first: a machine without power answers nothing, a network namespace on its way out may reset
            // connections.
            network.detach(id());
            machine.close();
            groups.remove();
            metadata.close();
        }
    }

    @Override
    public void close() {
        destroy();
    }

    private Optional<Boolean> answers() {
        if (!Files.exists(machine.path("/proc/" + hostdPid))) {
            throw new LabException("hostd on " + id() + " ended at its start:\n" + logTail());
        }
        try {
            HttpsURLConnection connection =
                    (HttpsURLConnection) endpoint().resolve("/v1/host").toURL().openConnection(Proxy.NO_PROXY);
            connection.setSSLSocketFactory(fleet.operatorContext().getSocketFactory());
            connection.setHostnameVerifier((name, session) -> true); // the trust has looked who it is
            connection.setConnectTimeout(1000);
            connection.setReadTimeout(5000);
            try {
                return connection.getResponseCode() == HttpURLConnection.HTTP_OK ? Optional.of(true) : Optional.empty();
            } finally {
                connection.disconnect();
            }
        } catch (IOException e) {
            return Optional.empty(); // not listening yet: Patience says so if it lasts
        }
    }
}
