package dev.godwit.daemon;

import dev.godwit.fleet.HostRecord;
import dev.godwit.fleet.HostRole;
import dev.godwit.fleet.NewOwnership;
import java.io.IOException;
import java.net.InetAddress;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The edges by which this host's VMs reach the world: the one that has the seat first, then its stand-by. An edge whose
 * hostd is started anew leaves the fleet for a moment and serves on, so only the seat says which one it is; and until it
 * is known who has the seat and where that one is, what stands in the data plane stays. Guarded by its user.
 */
final class WayOut {
    private static final Logger log = LoggerFactory.getLogger(WayOut.class);

    private final LocationTable table;
    /** Numbers of networks that VMs are in, or were since hostd was started. */
    private final Set<Integer> networks = new HashSet<>(Set.of(NewOwnership.VNI_DEFAULT));

    private EdgeWord active = new EdgeWord("", 0);
    private boolean seatKnown;
    private List<InetAddress> edges;

    WayOut(LocationTable table) {
        this.table = table;
        this.edges = standing(table);
    }

    private static List<InetAddress> standing(LocationTable table) {
        try {
            return table.edges(NewOwnership.VNI_DEFAULT);
        } catch (IOException e) {
            log.warn("the way out of before is not known: {}", e.getMessage());
            return List.of();
        }
    }

    /** Where packets from the world come from. */
    List<InetAddress> edges() {
        return edges;
    }

    /** Nobody has had the seat so far. */
    void seatIsEmpty() {
        seatKnown = true;
    }

    /**
     * An edge has the seat; an older one's word does not count any more.
     *
     * @return whether it is news
     */
    boolean hasSeat(EdgeWord word) {
        boolean news = word.fence() > active.fence();
        if (news) {
            active = word;
            seatKnown = true;
        }
        return news;
    }

    /**
     * Looks for the edges among the hosts.
     *
     * @param hosts as last seen, alive or not
     * @param underlays by host id
     */
    void find(Collection<HostRecord> hosts, Set<String> alive, Map<String, InetAddress> underlays) {
        boolean holderKnown = active.edge().isEmpty()
                || hosts.stream().anyMatch(host -> isActive(host) && underlays.containsKey(host.hostId()));
        if (!seatKnown || !holderKnown) {
            return;
        }
        List<InetAddress> found = hosts.stream()
                .filter(host -> host.role() == HostRole.EDGE && (alive.contains(host.hostId()) || isActive(host)))
                .sorted(Comparator.comparing((HostRecord host) -> !isActive(host))
                        .thenComparing(HostRecord::hostId))
                .flatMap(host -> Optional.ofNullable(underlays.get(host.hostId())).stream())
                .toList();
        if (!found.isEmpty()) {
            edges = found;
            tell(networks);
        }
    }

    private boolean isActive(HostRecord host) {
        return host.hostId().equals(active.edge());
    }

    /** VMs are in this network. */
    void serve(int vni) {
        if (networks.add(vni)) {
            tell(Set.of(vni));
        }
    }

    private void tell(Set<Integer> of) {
        if (edges.isEmpty()) {
            return;
        }
        try {
            for (int vni : of) {
                table.edges(vni, edges);
            }
        } catch (IOException e) {
            log.warn("the edges stay as they were: {}", e.getMessage());
        }
    }
}
