package dev.godwit.daemon;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/** The VMs that have something on this host, by id. Thread-safe. */
final class Vms {
    private final Map<String, HostedVm> byId = new ConcurrentHashMap<>();

    void add(HostedVm vm) {
        byId.put(vm.id(), vm);
    }

    void remove(HostedVm vm) {
        byId.remove(vm.id(), vm);
    }

    /** Any VM here, in any phase. */
    Optional<HostedVm> find(String idOrName) {
        HostedVm known = byId.get(idOrName);
        return known != null
                ? Optional.of(known)
                : byId.values().stream()
                        .filter(vm -> vm.record().name().equals(idOrName))
                        .findFirst();
    }

    /** A VM that this host owns. */
    Optional<HostedVm> owned(String idOrName) {
        return find(idOrName).filter(Vms::isOwned);
    }

    /** All that this host owns. */
    List<HostedVm> owned() {
        return byId.values().stream().filter(Vms::isOwned).toList();
    }

    List<HostedVm> all() {
        return List.copyOf(byId.values());
    }

    private static boolean isOwned(HostedVm vm) {
        return switch (vm.record().phase()) {
            case CREATING, RUNNING, STOPPED, LOST -> true;
            case ARRIVING, GIVEN -> false;
        };
    }

    void closeAll() throws IOException {
        for (HostedVm vm : byId.values()) {
            vm.close();
        }
        byId.clear();
    }
}
