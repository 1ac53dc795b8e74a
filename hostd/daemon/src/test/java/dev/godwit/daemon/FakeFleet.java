package dev.godwit.daemon;

import dev.godwit.api.Vm;
import java.net.URI;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/** What all fake hosts share: the ownership records and the guests, which outlive hosts. */
final class FakeFleet {
    final Map<String, Vm> vms = new ConcurrentHashMap<>();
    final Map<String, FakeExec> execs = new ConcurrentHashMap<>();
    final Map<String, Map<String, byte[]>> files = new ConcurrentHashMap<>();
    final Map<String, URI> hosts = new ConcurrentHashMap<>();
    final FakePorts ports = new FakePorts();
    /** Ids of hosts that have room for no VM. */
    final Set<String> full = ConcurrentHashMap.newKeySet();

    final AtomicInteger ids = new AtomicInteger();

    Optional<Vm> find(String idOrName) {
        return vms.values().stream()
                .filter(vm -> vm.id().equals(idOrName) || vm.name().equals(idOrName))
                .findFirst();
    }

    /** A new owner, with the next fence. */
    void own(String id, String host) {
        vms.computeIfPresent(
                id,
                (any, vm) -> new Vm(
                        vm.id(),
                        vm.name(),
                        vm.state(),
                        host,
                        vm.fence() + 1,
                        vm.image(),
                        vm.vcpus(),
                        vm.memoryMib(),
                        vm.diskMib(),
                        vm.address(),
                        vm.mac(),
                        vm.accelerator(),
                        vm.owner(),
                        vm.key(),
                        vm.labels(),
                        vm.leaseSeconds(),
                        vm.leaseEndsAt()));
    }
}
