package dev.godwit.daemon;

import dev.godwit.api.AcceleratorKind;
import dev.godwit.api.Vm;
import dev.godwit.api.VmState;
import dev.godwit.fleet.FleetStore;
import dev.godwit.fleet.FleetStoreUnavailable;
import dev.godwit.fleet.sqlite.SqliteFleetStore;
import java.net.URI;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** What all fake hosts share: the ownership records and the guests, which outlive hosts. */
final class FakeFleet {
    final Map<String, Vm> vms = new ConcurrentHashMap<>();
    /** The most VMs that there were at once. */
    final AtomicInteger vmsMost = new AtomicInteger();

    final Map<String, FakeExec> execs = new ConcurrentHashMap<>();
    final Map<String, Map<String, byte[]>> files = new ConcurrentHashMap<>();
    /** Paths of files whose reading breaks off in the middle. */
    final Set<String> brokenFiles = ConcurrentHashMap.newKeySet();

    final Map<String, URI> hosts = new ConcurrentHashMap<>();
    final FakePorts ports = new FakePorts();
    /** Ids of hosts that have room for no VM. */
    final Set<String> full = ConcurrentHashMap.newKeySet();
    /** What hosts say to each request for a VM, by id. */
    final Map<String, RuntimeException> refusing = new ConcurrentHashMap<>();

    /** Ids of hosts that are edges. */
    final Set<String> edges = ConcurrentHashMap.newKeySet();

    /** The projects' networks; of real ownership records it has none. */
    final FleetStore store = openStore();

    /** Flows and packets of VMs, by id. */
    final FakeTraffic traffic = new FakeTraffic();

    /** Whether moves that begin from now on wait for {@link #heldMoves}. */
    volatile boolean holdsMoves;

    /** Ends a held move, by the VM's id: with why it failed, or with null. */
    final Map<String, Consumer<@Nullable String>> heldMoves = new ConcurrentHashMap<>();

    final AtomicInteger ids = new AtomicInteger();

    Optional<Vm> find(String idOrName) {
        return vms.values().stream()
                .filter(vm -> vm.id().equals(idOrName) || vm.name().equals(idOrName))
                .findFirst();
    }

    private static FleetStore openStore() {
        try {
            return SqliteFleetStore.open(Path.of(":memory:"), System::nanoTime);
        } catch (FleetStoreUnavailable e) {
            throw new IllegalStateException("SQLite can't be opened in memory", e);
        }
    }

    /** The same VM in another state, without a VMM. */
    static Vm in(Vm vm, VmState state) {
        return like(vm, state, vm.host(), vm.fence(), null, null);
    }

    /** The same VM in another state. */
    void stands(String id, VmState state) {
        vms.computeIfPresent(
                id, (any, vm) -> like(vm, state, vm.host(), vm.fence(), vm.accelerator(), vm.leaseEndsAt()));
    }

    /** A new owner, with the next fence. */
    void own(String id, String host) {
        vms.computeIfPresent(
                id, (any, vm) -> like(vm, vm.state(), host, vm.fence() + 1, vm.accelerator(), vm.leaseEndsAt()));
    }

    private static Vm like(
            Vm vm,
            VmState state,
            String host,
            long fence,
            @Nullable AcceleratorKind accelerator,
            @Nullable Instant leaseEndsAt) {
        return new Vm(
                vm.id(),
                vm.name(),
                state,
                host,
                fence,
                vm.image(),
                vm.vcpus(),
                vm.memoryMib(),
                vm.diskMib(),
                vm.address(),
                vm.mac(),
                accelerator,
                vm.owner(),
                vm.key(),
                vm.labels(),
                vm.project(),
                vm.leaseSeconds(),
                leaseEndsAt);
    }
}
