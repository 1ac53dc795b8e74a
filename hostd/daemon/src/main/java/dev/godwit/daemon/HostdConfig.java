package dev.godwit.daemon;

import dev.godwit.api.HostRole;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * hostd's configuration; in the file the keys have dashes ({@code host-id}). Only {@code host-id} must be there.
 *
 * @param hostId unique in the fleet: 1 to 63 of a-z, 0-9 and -
 * @param role {@code host} (default) or {@code edge}
 * @param stateDirectory default {@code /var/lib/godwit}
 * @param socket REST for this machine, default {@code /run/godwit/hostd.sock}
 * @param restAddress REST over TCP, {@code HOST:PORT}; default none
 * @param peerAddress where other hosts send VMs, {@code HOST:PORT}; default none: no VM can come here
 * @param tls this host's certificate; needed beside either address
 * @param plaintext true: the TCP addresses speak without TLS; only with {@code lab}
 * @param lab true: this is a test's own network, where nobody else can be
 * @param fleetStore default {@code sqlite} in the state directory
 * @param cloud default {@code driver: none}
 * @param allowEmulation true: VMs run under emulation where there is no usable KVM; default false
 * @param handOverTimeout how long a VMM may take to hand its RAM over, default 10s
 * @param vmNetwork default none: VMs have no network
 * @param edge the public side; for {@code role: edge} and only there
 * @param cpuTemplate name of the CPU template of new VMs, default {@code x86-64-v2-godwit1}
 * @param pauseBudget how long a move may plan to pause a VM, default 500ms
 * @param reservationTimeout how long a target keeps what it promised in RESERVE without hearing more, default 30s
 * @param vmsMax cap on the number of VMs, default 256
 * @param vmMemoryMib what all VMs together may take, default nine tenths of the machine's memory
 */
public record HostdConfig(
        String hostId,
        HostRole role,
        Path stateDirectory,
        Path socket,
        @Nullable ListenAddress restAddress,
        @Nullable ListenAddress peerAddress,
        @Nullable TlsConfig tls,
        boolean plaintext,
        boolean lab,
        FleetStoreConfig fleetStore,
        CloudConfig cloud,
        boolean allowEmulation,
        Duration handOverTimeout,
        @Nullable VmNetworkConfig vmNetwork,
        @Nullable EdgeConfig edge,
        String cpuTemplate,
        Duration pauseBudget,
        Duration reservationTimeout,
        Integer vmsMax,
        @Nullable Integer vmMemoryMib) {
    /** What {@code hostd} reads without {@code --config}. */
    public static final Path DEFAULT_FILE = Path.of("/etc/godwit/hostd.yaml");

    /** More VMs than a machine of common size has memory for. */
    private static final int VMS_DEFAULT = 256;

    /** One user id a VM: {@code Admission} has so many. */
    private static final int VMS_MOST = 10_000;

    private static final Pattern NAME = Pattern.compile("[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?");

    /** A reader of YAML hands over null for what is left out. */
    public HostdConfig {
        if (hostId == null) {
            throw new IllegalArgumentException("host-id is missing; it names this host in the fleet");
        }
        if (!NAME.matcher(hostId).matches()) {
            throw new IllegalArgumentException(
                    "host-id \"" + hostId + "\" is not a name: 1 to 63 of a-z, 0-9 and -, no - at its ends");
        }
        role = role == null ? HostRole.HOST : role;
        stateDirectory = absolute("state-directory", stateDirectory, Path.of("/var/lib/godwit"));
        socket = absolute("socket", socket, Path.of("/run/godwit/hostd.sock"));
        if (socket.toString().length() > SOCKET_PATH_CHARACTERS_MAX) {
            throw new IllegalArgumentException("socket " + socket + " is longer than " + SOCKET_PATH_CHARACTERS_MAX
                    + " characters, which is what a unix socket's path may have");
        }
        requireTls("rest-address", restAddress, tls, plaintext, lab);
        requireTls("peer-address", peerAddress, tls, plaintext, lab);
        fleetStore = fleetStore == null ? new FleetStoreConfig(stateDirectory.resolve("fleet.db"), null) : fleetStore;
        requireEncryptedStore(fleetStore, tls, lab);
        cloud = cloud == null ? CloudConfig.none() : cloud;
        handOverTimeout = between("hand-over-timeout", handOverTimeout, Duration.ofSeconds(10), Duration.ofMinutes(5));
        requireEdge(role, edge, vmNetwork);
        cpuTemplate = cpuTemplate == null ? "x86-64-v2-godwit1" : cpuTemplate;
        pauseBudget = between("pause-budget", pauseBudget, Duration.ofMillis(500), Duration.ofMinutes(1));
        reservationTimeout =
                between("reservation-timeout", reservationTimeout, Duration.ofSeconds(30), Duration.ofHours(1));
        vmsMax = vmsMax == null ? VMS_DEFAULT : vmsMax;
        if (vmsMax < 0 || vmsMax > VMS_MOST) {
            throw new IllegalArgumentException("vms-max " + vmsMax + " is not between 0 and " + VMS_MOST);
        }
        if (vmMemoryMib != null && (vmMemoryMib < 256 || vmMemoryMib > 64 << 20)) {
            throw new IllegalArgumentException(
                    "vm-memory-mib " + vmMemoryMib + " is not between 256 and " + (64 << 20));
        }
    }

    private static void requireEdge(HostRole role, @Nullable EdgeConfig edge, @Nullable VmNetworkConfig network) {
        if ((role == HostRole.EDGE) != (edge != null)) {
            throw new IllegalArgumentException(
                    edge == null ? "role: edge needs the section edge" : "the section edge needs role: edge");
        }
        if (edge != null && (network == null || !network.isRouted())) {
            throw new IllegalArgumentException(
                    "role: edge needs a routed vm-network, with this host's underlay-address");
        }
    }

    /** sun_path holds 108 bytes with its end; {@code .new} is appended while the socket is made. */
    private static final int SOCKET_PATH_CHARACTERS_MAX = 103;

    private static Path absolute(String key, @Nullable Path value, Path otherwise) {
        if (value == null) {
            return otherwise;
        }
        if (!value.isAbsolute()) {
            throw new IllegalArgumentException(key + " \"" + value + "\" is not an absolute path");
        }
        return value;
    }

    private static Duration between(String key, @Nullable Duration value, Duration otherwise, Duration max) {
        if (value == null) {
            return otherwise;
        }
        if (value.toMillis() < 1 || value.compareTo(max) > 0) {
            throw new IllegalArgumentException(
                    key + " " + Durations.text(value) + " is not between 1ms and " + Durations.text(max));
        }
        return value;
    }

    private static void requireTls(
            String key, @Nullable ListenAddress address, @Nullable TlsConfig tls, boolean plaintext, boolean lab) {
        if (plaintext && !lab) {
            throw new IllegalArgumentException("plaintext: true would let anybody in who reaches this host; write tls: "
                    + "{certificate, key, authority} instead ('godwit pki issue' and 'godwit host join' make the files), or, "
                    + "only in a network of a test's own, lab: true beside it");
        }
        if (plaintext && tls != null) {
            throw new IllegalArgumentException("plaintext: true and tls stand in one file; remove one of them");
        }
        if (address != null && tls == null && !plaintext) {
            throw new IllegalArgumentException(
                    key + " " + address + " would be served without TLS; write tls: "
                            + "{certificate, key, authority} beside it: 'godwit pki issue' and 'godwit host join' make the files");
        }
    }

    /** Who writes to the fleet store owns every VM. */
    private static void requireEncryptedStore(FleetStoreConfig store, @Nullable TlsConfig tls, boolean lab) {
        if (store.etcd() == null) {
            return;
        }
        for (URI url : store.etcd()) {
            boolean encrypted = "https".equals(url.getScheme());
            if (!encrypted && !lab) {
                throw new IllegalArgumentException("fleet-store etcd URL \"" + url
                        + "\" is not https: whoever reaches that etcd owns every VM; give etcd a certificate "
                        + "('godwit pki issue --role store') and write https://");
            }
            if (encrypted && tls == null) {
                throw new IllegalArgumentException("fleet-store etcd URL \"" + url
                        + "\" needs tls: {certificate, key, authority} in the same file");
            }
        }
    }

    /** How other hosts and clients reach its addresses. */
    public String scheme() {
        return tls == null ? "http" : "https";
    }
}
