package dev.godwit.daemon;

import dev.godwit.net.Edge;
import dev.godwit.net.HostNetwork;
import dev.godwit.net.Location;
import dev.godwit.net.StaleFence;
import dev.godwit.net.VmAddress;
import java.io.IOException;
import java.net.InetAddress;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The maps in the kernel. */
record KernelLocations(HostNetwork host) implements LocationTable {
    private static final Logger log = LoggerFactory.getLogger(KernelLocations.class);

    @Override
    public boolean put(Location location) throws IOException {
        try {
            host.maps().locations().put(location);
            return true;
        } catch (StaleFence older) {
            log.info("{}", older.getMessage());
            return false;
        }
    }

    @Override
    public void remove(VmAddress address, long fence) throws IOException {
        try {
            host.maps().locations().remove(address, fence);
        } catch (StaleFence older) {
            log.info("{}", older.getMessage());
        }
    }

    @Override
    public Map<VmAddress, Long> fences() throws IOException {
        return host.maps().locations().all().stream().collect(Collectors.toMap(Location::vm, Location::fence));
    }

    @Override
    public void peers(Set<InetAddress> underlays) throws IOException {
        host.peers(underlays);
    }

    @Override
    public void edges(int vni, List<InetAddress> underlays) throws IOException {
        if (underlays.isEmpty()) {
            host.maps().edges().remove(vni);
        } else {
            Optional<InetAddress> other = underlays.size() > 1 ? Optional.of(underlays.get(1)) : Optional.empty();
            host.maps().edges().put(new Edge(vni, underlays.getFirst(), other));
        }
    }

    @Override
    public List<InetAddress> edges(int vni) throws IOException {
        return host.maps().edges().of(vni).stream()
                .flatMap(edge -> Stream.concat(Stream.of(edge.host()), edge.other().stream()))
                .toList();
    }
}
