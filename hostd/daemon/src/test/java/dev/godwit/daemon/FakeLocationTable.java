package dev.godwit.daemon;

import dev.godwit.net.Location;
import dev.godwit.net.VmAddress;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;

/** Holds to fences as the kernel's table does. */
final class FakeLocationTable implements LocationTable {
    final Map<VmAddress, Location> locations = new HashMap<>();
    Set<InetAddress> peers = Set.of();
    List<InetAddress> edges = List.of();
    final List<List<InetAddress>> edgesWritten = new ArrayList<>();
    final Map<Integer, List<InetAddress>> edgesOf = new HashMap<>();

    Location at(VmAddress vm) {
        return Objects.requireNonNull(locations.get(vm), "no location of " + vm);
    }

    @Override
    public boolean put(Location location) {
        Location known = locations.get(location.vm());
        if (known != null && known.fence() > location.fence()) {
            return false;
        }
        locations.put(location.vm(), location);
        return true;
    }

    @Override
    public void remove(VmAddress address, long fence) {
        locations.computeIfPresent(address, (vm, known) -> known.fence() > fence ? known : null);
    }

    @Override
    public Map<VmAddress, Long> fences() {
        return locations.values().stream().collect(Collectors.toMap(Location::vm, Location::fence));
    }

    @Override
    public void edges(int vni, List<InetAddress> underlays) {
        edges = underlays;
        edgesWritten.add(underlays);
        edgesOf.put(vni, underlays);
    }

    @Override
    public List<InetAddress> edges(int vni) {
        return edgesOf.getOrDefault(vni, List.of());
    }

    @Override
    public void peers(Set<InetAddress> underlays) {
        peers = underlays;
    }
}
