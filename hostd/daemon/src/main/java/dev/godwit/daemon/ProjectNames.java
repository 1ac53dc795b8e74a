package dev.godwit.daemon;

import dev.godwit.edge.VmNames;
import dev.godwit.fleet.OwnershipRecord;
import java.net.InetAddress;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Names of VMs, {@code VM.PROJECT.godwit}, for those who can reach them: a VM is told of VMs of its own network, and of no
 * others whether they are there. Thread-safe.
 */
final class ProjectNames implements VmNames {
    private final VmAddresses addresses;
    private volatile View view = new View(Map.of(), Map.of());

    ProjectNames(VmAddresses addresses) {
        this.addresses = addresses;
    }

    private record Named(int vni, List<InetAddress> addresses) {}

    private record View(Map<InetAddress, Integer> networks, Map<String, Named> names) {}

    /** From now on these are the VMs. */
    void tell(List<OwnershipRecord> vms) {
        Map<InetAddress, Integer> networks = new HashMap<>();
        Map<String, Named> names = new HashMap<>();
        for (OwnershipRecord vm : vms) {
            List<InetAddress> own = addresses.of(vm.address());
            own.forEach(address -> networks.put(address, vm.vni()));
            names.put(name(vm.name(), Networks.project(vm)), new Named(vm.vni(), own));
        }
        view = new View(networks, names);
    }

    private static String name(String vm, String project) {
        return vm + '.' + project;
    }

    @Override
    public List<InetAddress> addresses(InetAddress asker, String vm, String project) {
        View now = view;
        Integer network = now.networks().get(asker);
        if (network == null) {
            return List.of();
        }
        Named named = now.names().get(name(vm, project));
        return named != null && named.vni() == network ? named.addresses() : List.of();
    }
}
