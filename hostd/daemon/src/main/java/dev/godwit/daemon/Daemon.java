package dev.godwit.daemon;

import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;

/** A running hostd without its process: opened in order, closed in reverse order. VMs run on when it closes. */
public final class Daemon implements AutoCloseable {
    private final Deque<AutoCloseable> parts = new ArrayDeque<>();
    private int tcpPort = -1;

    private Daemon() {}

    /**
     * Opens the state directory, the event log, the control, and at last the REST listeners.
     *
     * @throws IOException it can't serve; what was opened is closed again
     */
    public static Daemon open(HostdConfig config, ControlFactory controls, InstantSource clock) throws IOException {
        Daemon daemon = new Daemon();
        try {
            daemon.begin(config, controls, clock);
            return daemon;
        } catch (IOException | RuntimeException e) {
            try {
                daemon.close();
            } catch (IOException closing) {
                e.addSuppressed(closing);
            }
            throw e;
        }
    }

    private void begin(HostdConfig config, ControlFactory controls, InstantSource clock) throws IOException {
        Files.createDirectories(config.stateDirectory());
        parts.push(onlyOne(config.stateDirectory().resolve("lock")));
        EventLog events = EventLog.open(config.stateDirectory().resolve("events.jsonl"), config.hostId(), clock);
        parts.push(events);
        PrometheusRegistry registry = new PrometheusRegistry();
        Metrics metrics = new Metrics(registry);
        events.onEvent(metrics::count);
        HostTls tls = HostTls.open(config, clock);
        if (tls != null) {
            parts.push(tls);
        }
        Control control = controls.open(config, events, registry, tls);
        parts.push(control);
        metrics.count(control.traffic());
        Guests guests = new Guests();
        RestApi api = new RestApi(control, events, metrics, clock, new Access(guests), tls);
        parts.push(api);
        RestServer server = RestServer.start(
                api,
                config.socket(),
                Optional.ofNullable(config.restAddress()).map(ListenAddress::socketAddress),
                tls == null
                        ? null
                        : new RestServer.Tls(
                                tls,
                                guests,
                                config.stateDirectory().resolve("inside").resolve("rest.sock")));
        parts.push(server);
        tcpPort = server.tcpPort();
    }

    /** The TCP port of REST, -1 without one. */
    public int tcpPort() {
        return tcpPort;
    }

    /** Two hostds on one state directory would both think that they own its VMs. */
    private static FileChannel onlyOne(Path file) throws IOException {
        FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        try {
            if (channel.tryLock() != null) {
                return channel;
            }
        } catch (OverlappingFileLockException e) {
            channel.close();
            throw new IOException("Another hostd of this process holds " + file, e);
        }
        channel.close();
        throw new IOException(
                "Another hostd holds " + file + "; stop it first, or give this one a state-directory of its own.");
    }

    @Override
    public void close() throws IOException {
        IOException failure = null;
        while (!parts.isEmpty()) {
            try {
                parts.pop().close();
            } catch (Exception e) {
                if (failure == null) {
                    failure = new IOException("Could not stop in order: " + e.getMessage(), e);
                } else {
                    failure.addSuppressed(e);
                }
            }
        }
        if (failure != null) {
            throw failure;
        }
    }
}
