package dev.godwit.daemon;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.godwit.fleet.FleetStore;
import dev.godwit.fleet.FleetStoreUnavailable;
import dev.godwit.fleet.HostRecord;
import dev.godwit.peer.PeerLimits;
import dev.godwit.peer.PeerLink;
import dev.godwit.peer.PeerSockets;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/** The other hosts of the fleet: their records, one link each, and what they can take. Thread-safe. */
final class Peers implements AutoCloseable {
    /** Call: what can you take? */
    static final String CAPACITY = "host.capacity";
    /** Call with a body of no meaning: how long does it take to get there? */
    static final String PROBE = "host.probe";

    private static final Duration ASK = Duration.ofSeconds(3);
    /** Three quarters of the largest frame: long enough to time, short enough not to matter. */
    private static final int PROBE_BYTES = 768 << 10;
    /** A probe on a machine that is short of CPU can look slower than any link is. */
    private static final double BANDWIDTH_LEAST = 1e6;

    private static final ObjectMapper json = new ObjectMapper();

    private final String hostId;
    private final FleetStore store;
    private final PeerSockets sockets;
    private final Map<String, Linked> links = new HashMap<>();
    private final Map<String, Double> measuredBytesPerSecond = new ConcurrentHashMap<>();

    private record Linked(String address, PeerLink link) {}

    Peers(String hostId, FleetStore store, PeerSockets sockets) {
        this.hostId = hostId;
        this.store = store;
        this.sockets = sockets;
    }

    /** Living hosts but this one. */
    List<HostRecord> others() throws IOException {
        return hosts().stream().filter(host -> !host.hostId().equals(hostId)).toList();
    }

    /** A living host's record. */
    Optional<HostRecord> record(String host) throws IOException {
        return hosts().stream().filter(one -> one.hostId().equals(host)).findFirst();
    }

    private List<HostRecord> hosts() throws IOException {
        try {
            return store.hosts();
        } catch (FleetStoreUnavailable e) {
            throw new IOException("the hosts of the fleet are not known: " + e.getMessage(), e);
        }
    }

    /** The link to a host; it connects when it is used. */
    synchronized PeerLink link(HostRecord host) throws IOException {
        if (host.peerAddress().isEmpty()) {
            throw new IOException(
                    "host " + host.hostId() + " has no peer-address in its configuration, so no VM can go there");
        }
        Linked known = links.get(host.hostId());
        if (known != null && known.address().equals(host.peerAddress())) {
            return known.link();
        }
        if (known != null) {
            known.link().close();
        }
        PeerLink link = new PeerLink(
                address(host.peerAddress()), hostId, PeerLimits.standard(), sockets.expecting(host.hostId()));
        links.put(host.hostId(), new Linked(host.peerAddress(), link));
        return link;
    }

    static InetSocketAddress address(String hostAndPort) {
        int colon = hostAndPort.lastIndexOf(':');
        return new InetSocketAddress(
                hostAndPort.substring(0, colon), Integer.parseInt(hostAndPort.substring(colon + 1)));
    }

    /** Asks a host what it can take; an {@link IOException} means that it does not answer. */
    Capacity capacity(HostRecord host) throws IOException {
        byte[] answer = link(host).call(CAPACITY, "{}".getBytes(java.nio.charset.StandardCharsets.UTF_8), ASK);
        return json.readValue(answer, Capacity.class);
    }

    /** Bytes a second to a host: what the last move reached, else what a probe shows now. */
    double bandwidth(HostRecord host) throws IOException {
        Double measured = measuredBytesPerSecond.get(host.hostId());
        if (measured != null) {
            return measured;
        }
        byte[] body = new byte[PROBE_BYTES];
        Arrays.fill(body, (byte) ' ');
        PeerLink link = link(host);
        double best = BANDWIDTH_LEAST;
        for (int i = 0; i < 2; i++) {
            long start = System.nanoTime();
            link.call(PROBE, body, ASK);
            best = Math.max(best, PROBE_BYTES * 1e9 / Math.max(1, System.nanoTime() - start));
        }
        return best;
    }

    /** A move saw this bandwidth. */
    void measured(String host, double bytesPerSecond) {
        if (bytesPerSecond > BANDWIDTH_LEAST) {
            measuredBytesPerSecond.put(host, bytesPerSecond);
        }
    }

    @Override
    public synchronized void close() {
        links.values().forEach(linked -> linked.link().close());
        links.clear();
    }

    /**
     * What a host can take.
     *
     * @param freeMemoryMib VMMs included
     * @param freeDiskBytes beside the room that is kept for overlays to grow
     * @param takesVms false while it drains or can run no guest
     * @param cpuTemplates names of the CPU templates it can run
     */
    record Capacity(long freeMemoryMib, long freeDiskBytes, boolean takesVms, List<String> cpuTemplates) {
        byte[] write() throws IOException {
            return json.writeValueAsBytes(this);
        }
    }
}
